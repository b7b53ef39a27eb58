// Was der Hub auf Englisch sagt.
import type { Sentences } from '../sentences'

export const hub: Sentences = {
  'A key has no rights that you do not have.': 'Ein Schlüssel hat keine Rechte, die Sie nicht haben.',
  'A sheet is for the whole organisation; your account is limited to sites.':
    'Eine Liste gilt für die ganze Organisation; Ihr Konto ist auf Standorte beschränkt.',
  'After this nobody could manage accounts. Give another account that right first.':
    'Danach könnte niemand mehr Konten verwalten. Geben Sie zuerst einem anderen Konto dieses Recht.',
  'An account has this role. Give it another one first.':
    'Ein Konto hat diese Rolle. Geben Sie ihm zuerst eine andere.',
  'An edge of this name is enrolled already.': 'Ein Torrechner dieses Namens ist schon angemeldet.',
  'An organisation has at most # permits in force.': 'Eine Organisation hat höchstens # Berechtigungen in Kraft.',
  'An organisation has at most # keys that hold. Revoke one first.':
    'Eine Organisation hat höchstens # gültige Schlüssel. Widerrufen Sie zuerst einen.',
  'An organisation has at most # roles.': 'Eine Organisation hat höchstens # Rollen.',
  'No edge runs this gate.': 'Kein Torrechner steuert dieses Tor.',
  'No second factor is being set up.': 'Es wird gerade kein zweiter Faktor eingerichtet.',
  'The X-CSRF-Token header is missing or wrong. Load the page again.':
    'Laden Sie die Seite neu, und versuchen Sie es dann wieder.',
  'The administrator always has every right.': 'Die Administration hat immer jedes Recht.',
  'The request came from another site.': 'Die Anfrage kam von einer anderen Website.',
  "The roles from the start can't be removed.": 'Die Rollen von Anfang an lassen sich nicht entfernen.',
  'This hub is set up already.': 'Dieser Hub ist schon eingerichtet.',
  'This permit also holds at sites that your account does not reach.':
    'Diese Berechtigung gilt auch an Standorten, die Ihr Konto nicht erreicht.',
  'This permit is in force already.': 'Diese Berechtigung ist schon in Kraft.',
  'This permit is withdrawn already.': 'Diese Berechtigung ist schon entzogen.',
  'This plate has a permit in force already.': 'Für dieses Kennzeichen ist schon eine Berechtigung in Kraft.',
  'This role has rights that yours does not have.': 'Diese Rolle hat Rechte, die Ihre nicht hat.',
  'This vehicle is on site already.': 'Dieses Fahrzeug ist schon auf dem Gelände.',
  'This visit is closed already.': 'Dieser Aufenthalt ist schon beendet.',
  'Your role does not have this right.': 'Ihre Rolle hat dieses Recht nicht.',
  'Your role needs a second factor. Set one up on the page of your account.':
    'Ihre Rolle braucht einen zweiten Faktor. Richten Sie ihn auf der Seite Ihres Kontos ein.',
  'Your second factor is on. Turn it off to set up another.':
    'Ihr zweiter Faktor ist an. Schalten Sie ihn aus, um einen anderen einzurichten.',
  'a sheet has at most # bytes': 'eine Liste hat höchstens # Bytes',
  'a sheet has at most # permits': 'eine Liste hat höchstens # Berechtigungen',
  'at most # characters': 'höchstens # Zeichen',
  'at most # gates; none means all': 'höchstens # Tore; keines heißt alle',
  'control characters are not text': 'Steuerzeichen sind kein Text',
  'has at most # bytes': 'hat höchstens # Bytes',
  'has control characters': 'enthält Steuerzeichen',
  'has more than # characters': 'hat mehr als # Zeichen',
  'is already taken': 'ist schon vergeben',
  'is empty': 'ist leer',
  'is more than two years ahead': 'liegt mehr als zwei Jahre voraus',
  'is no role of this organisation': 'ist keine Rolle dieser Organisation',
  'is no site of this organisation': 'ist kein Standort dieser Organisation',
  'is not one of your sites': 'ist keiner Ihrer Standorte',
  'is not that of the newest set-up link; `hub-server setup-link` prints a new one':
    'ist nicht der des neuesten Einrichtungslinks; `hub-server setup-link` gibt einen neuen aus',
  'is not the name of a time zone, such as Europe/Madrid': 'ist keine Zeitzone wie Europe/Madrid',
  'is not the one that is shown now': 'ist nicht der, der gerade gezeigt wird',
  'is not your password': 'ist nicht Ihr Passwort',
  'is one that everybody tries first, or only a little changed':
    'ist eines, das alle zuerst probieren, oder nur wenig verändert',
  'is over already': 'ist schon vorbei',
  'is the one that you have': 'ist das, das Sie haben',
  'line # has the same plate': 'Zeile # hat dasselbe Kennzeichen',
  'must be # to # characters in one line': 'muss # bis # Zeichen in einer Zeile haben',
  'must be before until': 'muss vor dem Ende liegen',
  'must be later than valid_from': 'muss nach dem Beginn liegen',
  'must name a right': 'muss ein Recht nennen',
  'needs a digit': 'braucht eine Ziffer',
  'needs a lower-case letter': 'braucht einen Kleinbuchstaben',
  'needs an upper-case letter': 'braucht einen Großbuchstaben',
  'needs at least # characters': 'braucht mindestens # Zeichen',
  'this column is missing': 'diese Spalte fehlt',
  'this column stands twice': 'diese Spalte kommt zweimal vor',
  'this line is not CSV': 'diese Zeile ist kein CSV',
  'write a date such as #-#-#, or a moment such as #-#-#T#:#:#Z':
    'schreiben Sie ein Datum wie #-#-# oder einen Zeitpunkt wie #-#-#T#:#:#Z',
  'write yes or no': 'schreiben Sie yes oder no',
}
