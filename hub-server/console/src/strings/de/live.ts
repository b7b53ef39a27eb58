// Was an die Tore kommt, im selben Augenblick.
import type { Like } from '../catalogue'
import type { live as english } from '../en/live'

export const live: Like<typeof english> = {
  live: {
    title: 'Live',
    lead: 'Was an Ihre Tore kommt, im selben Augenblick.',
    gates: 'Tore',
    feed: 'Durchfahrten',
    everything: 'Alles',
    attention: 'Zu prüfen',
    empty: 'Noch ist nichts vorbeigekommen',
    emptyWhy: 'Sobald ein Tor ein Fahrzeug sieht, erscheint es hier mit seinem Bild.',
    quiet: 'Nichts zu prüfen',
    quietWhy: 'Hier erscheinen Fahrzeuge, die abgewiesen wurden oder bei denen sich ein Tor nicht sicher war.',
    noGates: 'Noch kein Tor',
    noGatesWhy: 'Melden Sie den kleinen Rechner an Ihrem ersten Tor an; seine Tore erscheinen hier von selbst.',
    enrol: 'Torrechner anmelden',
    nobody: 'Noch nichts',
    older: 'Alle Durchfahrten',
    open: 'Öffnen',
    openGate: (name: string) => `${name} von Hand öffnen`,
  },
}
