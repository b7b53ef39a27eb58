// Lo que llega a los accesos, en el momento.
import type { Like } from '../catalogue'
import type { live as english } from '../en/live'

export const live: Like<typeof english> = {
  live: {
    title: 'En directo',
    lead: 'Lo que llega a sus accesos, en el momento.',
    gates: 'Accesos',
    feed: 'Pasos',
    everything: 'Todo',
    attention: 'Por revisar',
    empty: 'Todavía no ha pasado nada',
    emptyWhy: 'En cuanto un acceso vea un vehículo, aparecerá aquí con su imagen.',
    quiet: 'Nada por revisar',
    quietWhy: 'Aquí aparecen los vehículos denegados o aquellos en los que un acceso no estuvo seguro.',
    noGates: 'Todavía no hay accesos',
    noGatesWhy: 'Dé de alta el pequeño equipo de su primer acceso; sus accesos aparecerán aquí solos.',
    enrol: 'Dar de alta un equipo',
    nobody: 'Nada todavía',
    older: 'Todos los pasos',
    open: 'Abrir',
    openGate: (name: string) => `Abrir ${name} a mano`,
  },
}
