// Die Fachwörter, die auf mehreren Seiten stehen.
import type { Like } from '../catalogue'
import type { words as english } from '../en/words'

export const words: Like<typeof english> = {
  role: {
    admin: 'Administration',
    operator: 'Leitstelle',
    viewer: 'Einsicht',
    technician: 'Technik',
    customer: 'Kundschaft',
  },

  right: {
    view_passages: 'Durchfahrten und Bilder sehen',
    view_permits: 'Berechtigungen sehen',
    edit_permits: 'Berechtigungen ändern',
    order_barrier: 'Schranken von Hand bewegen',
    configure_cameras: 'Kameras einstellen',
    view_visits: 'Aufenthalte sehen',
    correct_visits: 'Aufenthalte berichtigen',
    view_fleet: 'Standorte, Tore und Torrechner sehen',
    enrol_edges: 'Torrechner anmelden und stilllegen',
    view_models: 'Eingesetzte Modelle sehen',
    view_audit: 'Protokoll sehen',
    manage_accounts: 'Konten und Rollen verwalten',
    manage_keys: 'API-Schlüssel verwalten',
    manage_integrations: 'Webhooks und MQTT verwalten',
    metrics: 'Messwerte lesen',
  },

  outcome: { open: 'Geöffnet', deny: 'Abgewiesen', ask: 'Fragt nach' },

  reason: {
    permitted: 'Für dieses Kennzeichen gilt eine Berechtigung.',
    denied: 'Das Kennzeichen ist als gesperrt eingetragen.',
    unknown: 'Keine Berechtigung nennt dieses Kennzeichen.',
    not_yet_valid: 'Die Berechtigung gilt noch nicht.',
    expired: 'Die Berechtigung ist abgelaufen.',
    outside_schedule: 'Außerhalb der Zeiten der Berechtigung.',
    other_gate: 'Die Berechtigung nennt dieses Tor nicht.',
    unsure: 'Das Kennzeichen war nicht sicher genug zu lesen, um zu öffnen.',
    ambiguous: 'Die Lesung passt auf zwei Berechtigungen; dann wird nie geöffnet.',
    time_unknown: 'Die Berechtigung ist zeitlich begrenzt, und die Uhr des Tors ist noch nicht gestellt.',
    no_plate: 'Etwas kam vorbei, ohne lesbares Kennzeichen.',
  },

  direction: { entry: 'Einfahrt', exit: 'Ausfahrt' },

  heading: { title: 'Richtung', approaching: 'Kommt', leaving: 'Fährt weg', unknown: 'Nicht klar' },

  vehicle: {
    title: 'Fahrzeug',
    type: 'Art',
    colour: 'Farbe',
    types: { car: 'Pkw', van: 'Lieferwagen', truck: 'Lkw', bus: 'Bus', motorcycle: 'Motorrad' },
    colours: {
      white: 'Weiß',
      grey: 'Grau',
      black: 'Schwarz',
      red: 'Rot',
      blue: 'Blau',
      green: 'Grün',
      yellow: 'Gelb',
      brown: 'Braun',
    },
    phrase: (type: string, colour: string) => [type, colour].filter(Boolean).join(' in '),
    notSure: 'nicht sicher',
    noColours: 'keine Farben im Bild',
    sure: (word: string, sure: string) => `${word}, zu ${sure} sicher`,
    other: 'Anderes Fahrzeug',
    mismatch: (said: string, seen: string) => `Laut Berechtigung: ${said}; gesehen: ${seen}.`,
    asks: 'Für dieses Kennzeichen gilt eine Berechtigung, aber das Fahrzeug ist nicht das beschriebene.',
    something: 'etwas anderes',
  },

  noPlate: 'Kein Kennzeichen',
  everyGate: 'Jedes Tor',

  time: {
    justNow: 'gerade eben',
    never: 'nie',
    today: 'Heute',
    yesterday: 'Gestern',
  },

  picture: {
    plateOf: (plate: string) => `Das Kennzeichen, gelesen als ${plate}`,
    plate: 'Das Kennzeichen',
    frame: 'Das ganze Bild',
    waiting: 'Bild ist unterwegs',
    expired: 'Bild nach Ablauf der Frist gelöscht',
    none: 'Kein Bild',
  },
}
