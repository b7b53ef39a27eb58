// La auditoría.
import type { Like } from '../catalogue'
import type { audit as english } from '../en/audit'

export const audit: Like<typeof english> = {
  audit: {
    title: 'Auditoría',
    lead: 'Quién hizo qué, cuándo y desde dónde. Se añaden líneas; ninguna se cambia.',
    action: 'Acción',
    account: 'Quién',
    from: 'Desde',
    until: 'Hasta',
    when: 'Cuándo',
    what: 'Qué',
    address: 'Dirección',
    objectKind: 'Tipo de objeto',
    asCsv: 'Como CSV',
    asJsonLines: 'Como JSON Lines',
    perDay: 'Líneas por día',
    day: 'Día',
    lines: 'Líneas',
    details: 'Detalles',
    show: (id: number | string) => `Detalles de la línea ${id}`,
    object: 'Objeto',
    hash: 'Huella',
    empty: 'Ninguna línea coincide',
    emptyWhy: 'Amplíe el tiempo o vacíe los filtros.',
    actors: { account: 'Cuenta', edge: 'Equipo', system: 'Sistema' },
  },
}
