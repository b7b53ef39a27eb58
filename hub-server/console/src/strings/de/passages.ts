// Die Liste der Durchfahrten, und eine Durchfahrt.
import type { Like } from '../catalogue'
import type { passages as english } from '../en/passages'
import { counter } from '../forms'

const many = counter('de')

export const passages: Like<typeof english> = {
  passages: {
    title: 'Durchfahrten',
    lead: 'Jedes Fahrzeug, das an ein Tor kam, das neueste zuerst.',
    plate: 'Kennzeichen',
    platePlaceholder: 'Teil eines Kennzeichens',
    gate: 'Tor',
    outcome: 'Ergebnis',
    any: 'Beliebig',
    when: 'Wann',
    holder: 'Berechtigung',
    why: 'Warum',
    empty: 'Keine Durchfahrt passt dazu',
    emptyWhy: 'Geben Sie einen kürzeren Teil des Kennzeichens ein, oder leeren Sie die Filter.',
    details: (plate: string) => `Durchfahrt von ${plate}`,
  },

  passage: {
    title: (plate: string) => `Durchfahrt von ${plate}`,
    verdict: 'Entscheidung',
    permit: 'Berechtigung',
    noPermit: 'Keine Berechtigung war beteiligt.',
    book: (version: number) => `Entschieden nach Berechtigungsbuch ${version}.`,
    confidence: 'Wie sicher',
    probability: 'Ist das Kennzeichen der Berechtigung',
    runnerUp: 'Nächstwahrscheinliche Berechtigung',
    detection: 'Kennzeichen gefunden mit',
    camera: 'Kamera',
    frames: (count: number) => many(count, '# Einzelbild', '# Einzelbilder'),
    seen: 'Gesehen',
    read: 'Wie das Kennzeichen gelesen wurde',
    candidates: 'Mögliche Lesungen',
    characters: 'Jedes Zeichen',
    charactersWhy: 'Was jedes Zeichen sein könnte, das Wahrscheinlichste zuerst.',
    noRead: 'Es wurde kein Kennzeichen gelesen.',
    stages: 'Zeit vom Bild bis zum Schrankenbaum',
    total: (time: string) => `insgesamt ${time}`,
    stage: {
      capture_us: 'Aufnehmen',
      decode_us: 'Dekodieren',
      detect_us: 'Kennzeichen finden',
      read_us: 'Kennzeichen lesen',
      decide_us: 'Entscheiden',
      record_us: 'Aufzeichnen',
      actuate_us: 'Schranke bewegen',
      vehicle_us: 'Fahrzeug ansehen',
    },
    barrier: 'Schranke',
    still: 'Die Schranke hat sich nicht bewegt.',
    action: { open: 'Geöffnet', close: 'Geschlossen', hold_open: 'Offen gehalten' },
    cause: { passage: 'für diese Durchfahrt', order: 'von Hand', hold_over: 'nach der Haltezeit, bei freiem Weg' },
    source: 'Woher dies stammt',
    edge: 'Torrechner',
    event: 'Ereignis',
    eventNumber: (epoch: number, seq: number) => `Nummer ${seq} der Epoche ${epoch}`,
    at: 'Am Tor',
    received: 'Am Hub',
    clock: 'Uhr des Tors',
    quality: {
      unsynced: 'nicht gestellt',
      hub: 'vom Hub gestellt',
      ntp: 'über NTP gestellt',
    },
    models: 'Modelle',
    outline: 'Umriss des Kennzeichens zeigen',
  },
}
