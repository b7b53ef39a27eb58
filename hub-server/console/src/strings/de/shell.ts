// Der Rahmen jeder Seite: Navigation, Verbindung, Fehler und die Wörter der Schaltflächen.
import type { Like } from '../catalogue'
import type { shell as english } from '../en/shell'

export const shell: Like<typeof english> = {
  product: 'Gatewarden',
  skip: 'Zum Inhalt springen',

  failure: {
    title: 'Das hat nicht geklappt',
    unreachable: 'Der Hub antwortet nicht. Prüfen Sie das Netz; diese Seite versucht es von selbst erneut.',
    codes: {
      unauthenticated: 'Melden Sie sich zuerst an.',
      forbidden: 'Ihre Rolle erlaubt das nicht. Wenden Sie sich an die Administration Ihrer Organisation.',
      not_found: 'Das gibt es hier nicht mehr.',
      conflict: 'Das widerspricht dem, was schon da ist. Laden Sie es neu.',
      stale: 'Jemand anderes hat das inzwischen geändert. Laden Sie es neu, und ändern Sie es dann.',
      invalid: 'Einige Felder sind nicht so, wie sie sein dürfen.',
      wrong_type: 'Der Hub nimmt diese Art von Datei nicht an.',
      too_large: 'Das ist größer, als der Hub annimmt.',
      rate_limit: 'Zu viele Versuche. Warten Sie eine Minute und versuchen Sie es dann erneut.',
      busy: 'Der Hub ist ausgelastet. Versuchen Sie es gleich noch einmal.',
      timed_out: 'Das hat zu lange gedauert. Versuchen Sie es erneut.',
    },
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
    overview: 'Übersicht',
    checklist: 'Prüflisten',
    live: 'Live',
    passages: 'Durchfahrten',
    permits: 'Berechtigungen',
    visits: 'Aufenthalte',
    edges: 'Torrechner',
    audit: 'Protokoll',
    accounts: 'Konten',
    roles: 'Rollen',
    keys: 'API-Schlüssel',
    webhooks: 'Webhooks',
    mqtt: 'MQTT',
    own: 'Mein Konto',
    logOut: 'Abmelden',
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
