// Das Protokoll.
import type { Like } from '../catalogue'
import type { audit as english } from '../en/audit'

export const audit: Like<typeof english> = {
  audit: {
    title: 'Protokoll',
    lead: 'Wer was getan hat, wann und von wo. Zeilen kommen hinzu, geändert wird keine.',
    action: 'Handlung',
    account: 'Wer',
    from: 'Von',
    until: 'Bis',
    when: 'Wann',
    what: 'Was',
    address: 'Adresse',
    objectKind: 'Art des Gegenstands',
    asCsv: 'Als CSV',
    asJsonLines: 'Als JSON Lines',
    perDay: 'Zeilen je Tag',
    day: 'Tag',
    lines: 'Zeilen',
    details: 'Einzelheiten',
    show: (id: number | string) => `Einzelheiten von Zeile ${id}`,
    object: 'Gegenstand',
    hash: 'Prüfsumme',
    empty: 'Keine Zeile passt dazu',
    emptyWhy: 'Erweitern Sie den Zeitraum, oder leeren Sie die Filter.',
    actors: { account: 'Konto', edge: 'Torrechner', system: 'System' },
  },
}
