// La lista de pasos y el detalle de uno.
import type { Like } from '../catalogue'
import type { passages as english } from '../en/passages'
import { counter } from '../forms'

const many = counter('es')

export const passages: Like<typeof english> = {
  passages: {
    title: 'Pasos',
    lead: 'Todos los vehículos que llegaron a un acceso, primero el más reciente.',
    plate: 'Matrícula',
    platePlaceholder: 'Parte de una matrícula',
    gate: 'Acceso',
    outcome: 'Resultado',
    any: 'Cualquiera',
    when: 'Cuándo',
    holder: 'Permiso',
    why: 'Por qué',
    empty: 'Ningún paso coincide',
    emptyWhy: 'Pruebe con una parte más corta de la matrícula o vacíe los filtros.',
    details: (plate: string) => `Paso de ${plate}`,
  },

  passage: {
    title: (plate: string) => `Paso de ${plate}`,
    verdict: 'Decisión',
    permit: 'Permiso',
    noPermit: 'No intervino ningún permiso.',
    book: (version: number) => `Decidido con el libro de permisos ${version}.`,
    confidence: 'Certeza',
    probability: 'Es la matrícula del permiso',
    runnerUp: 'Siguiente permiso probable',
    detection: 'Matrícula encontrada con',
    camera: 'Cámara',
    frames: (count: number) => many(count, '# fotograma', '# fotogramas'),
    seen: 'Visto',
    read: 'Cómo se leyó la matrícula',
    candidates: 'Lecturas posibles',
    characters: 'Cada carácter',
    charactersWhy: 'Lo que podría ser cada carácter, primero lo más probable.',
    noRead: 'No se leyó ninguna matrícula.',
    stages: 'Tiempo de la imagen a la barrera',
    total: (time: string) => `${time} en total`,
    stage: {
      capture_us: 'Captar',
      decode_us: 'Descodificar',
      detect_us: 'Encontrar matrícula',
      read_us: 'Leer matrícula',
      decide_us: 'Decidir',
      record_us: 'Registrar',
      actuate_us: 'Mover barrera',
      vehicle_us: 'Mirar vehículo',
    },
    barrier: 'Barrera',
    still: 'La barrera no se movió.',
    action: { open: 'Abierta', close: 'Cerrada', hold_open: 'Mantenida abierta' },
    cause: {
      passage: 'por este paso',
      order: 'por una persona',
      hold_over: 'tras el tiempo de espera, con la vía libre',
    },
    source: 'De dónde viene esto',
    edge: 'Equipo',
    event: 'Evento',
    eventNumber: (epoch: number, seq: number) => `número ${seq} de la época ${epoch}`,
    at: 'En el acceso',
    received: 'En el servidor',
    clock: 'Reloj del acceso',
    quality: {
      unsynced: 'sin poner en hora',
      hub: 'puesto en hora por el servidor',
      ntp: 'puesto en hora por NTP',
    },
    models: 'Modelos',
    outline: 'Mostrar el contorno de la matrícula',
  },
}
