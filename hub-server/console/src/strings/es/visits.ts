// Quién está dentro, quién estuvo y qué no cuadra.
import type { Like } from '../catalogue'
import type { visits as english } from '../en/visits'

export const visits: Like<typeof english> = {
  visits: {
    title: 'Estancias',
    lead: 'Quién está en el recinto, quién estuvo y qué no cuadra.',
    onSite: 'dentro',
    capacity: (count: number) => `de ${count} plazas`,
    full: (percent: number) => `ocupado al ${percent} %`,
    tabs: { open: 'Dentro', closed: 'Terminadas', unpaired: 'No cuadran' },
    plate: 'Matrícula',
    holder: 'Titular',
    site: 'Recinto',
    entered: 'Llegada',
    left: 'Salida',
    duration: 'Duración',
    act: 'Actuar',
    unknown: 'no se vio',
    open: 'Registrar un vehículo',
    openWhy:
      'Para un vehículo que está en el recinto y que ningún acceso vio llegar. El motivo consta en la auditoría.',
    openSubmit: 'Registrar',
    openPlaceholder: 'Entró mientras se limpiaba la cámara',
    opened: (plate: string) => `${plate} está dentro.`,
    close: 'Terminar',
    closeTitle: (plate: string) => `Terminar la estancia de ${plate}`,
    closeWhy: 'Para un vehículo que se fue sin que se viera. El motivo consta en la auditoría.',
    reason: 'Motivo',
    reasonPlaceholder: 'Salió por el acceso del taller',
    closed: (plate: string) => `La estancia de ${plate} ha terminado.`,
    corrected: (by: string, reason: string) => `Corregida por ${by}: ${reason}`,
    long: 'Más de un día',
    empty: {
      open: 'No hay nadie dentro',
      closed: 'Todavía no ha terminado ninguna estancia',
      unpaired: 'Todo cuadra',
    },
    emptyWhy: {
      open: 'Una estancia empieza cuando un vehículo pasa por un acceso de entrada.',
      closed: 'Una estancia termina cuando su vehículo pasa por un acceso de salida.',
      unpaired: 'Aquí aparecen las estancias a las que les falta la entrada o la salida.',
    },
  },
}
