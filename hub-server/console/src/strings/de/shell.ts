// Der Rahmen jeder Seite: Navigation, Verbindung, Fehler und die Wörter der Schaltflächen.
import type { Like } from '../catalogue'
import type { shell as english } from '../en/shell'

export const shell: Like<typeof english> = {
  product: 'Gatewarden',
  skip: 'Zum Inhalt springen',

  failure: {
    title: 'Das hat nicht geklappt',
    unreachable: 'Der Hub antwortet nicht. Prüfen Sie das Netz; diese Seite versucht es von selbst erneut.',
    forbidden: 'Ihre Rolle erlaubt das nicht. Wenden Sie sich an die Administration Ihrer Organisation.',
    notFound: 'Das gibt es hier nicht mehr.',
    busy: 'Der Hub ist ausgelastet. Versuchen Sie es gleich noch einmal.',
    tooMany: 'Zu viele Versuche. Warten Sie eine Minute und versuchen Sie es dann erneut.',
    unknown:
      'Der Hub konnte das nicht ausführen. Falls es wieder geschieht, nennen Sie Ihrer Administration die Nummer der Anfrage.',
    request: (id: string) => `Anfrage ${id}`,
    again: 'Erneut versuchen',
    pageTitle: 'Diese Seite konnte nicht angezeigt werden',
    pageWhy: 'Vielleicht wurde die Konsole aktualisiert, während sie offen war. Meist hilft es, sie neu zu laden.',
    reload: 'Neu laden',
    noPage: 'Diese Seite gibt es nicht',
    noPageWhy: 'Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen.',
    toLive: 'Zu Live',
  },

  action: {
    cancel: 'Abbrechen',
    close: 'Schließen',
    save: 'Speichern',
    copy: 'Kopieren',
    copied: 'Kopiert',
    more: 'Mehr anzeigen',
    back: 'Zurück',
    clear: 'Leeren',
    undo: 'Rückgängig',
    loading: 'Wird geladen',
    all: 'Alle',
  },

  nav: {
    label: 'Hauptnavigation',
    open: 'Menü öffnen',
    live: 'Live',
    passages: 'Durchfahrten',
    permits: 'Berechtigungen',
    visits: 'Aufenthalte',
    edges: 'Torrechner',
    audit: 'Protokoll',
    accounts: 'Konten',
    roles: 'Rollen',
    keys: 'API-Schlüssel',
    own: 'Mein Konto',
    logOut: 'Abmelden',
    account: (name: string, role: string) => `${name}, ${role}`,
    scheme: 'Farben',
    light: 'Hell',
    dark: 'Dunkel',
    system: 'Wie das System',
    language: 'Sprache',
    version: (version: string, build: string) => `Gatewarden ${version} · Build ${build}`,
  },

  connection: {
    connecting: 'Verbindet',
    live: 'Live',
    reconnecting: 'Verbindet neu',
    liveWhy: 'Was Sie sehen, folgt den Toren im selben Augenblick.',
    reconnectingWhy:
      'Die Verbindung zum Hub ist unterbrochen. Was Sie sehen, kann veraltet sein; sie stellt sich von selbst wieder her.',
  },
}
