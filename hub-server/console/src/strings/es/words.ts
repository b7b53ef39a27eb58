// Las palabras del oficio que aparecen en varias páginas.
import type { Like } from '../catalogue'
import type { words as english } from '../en/words'

export const words: Like<typeof english> = {
  role: {
    admin: 'Administración',
    operator: 'Operación',
    viewer: 'Consulta',
    technician: 'Técnica',
    customer: 'Clientela',
  },

  right: {
    view_passages: 'Ver pasos e imágenes',
    view_permits: 'Ver permisos',
    edit_permits: 'Modificar permisos',
    order_barrier: 'Mover barreras a mano',
    configure_cameras: 'Ajustar cámaras',
    view_visits: 'Ver estancias',
    correct_visits: 'Corregir estancias',
    view_fleet: 'Ver recintos, accesos y equipos',
    enrol_edges: 'Dar de alta y retirar equipos',
    view_models: 'Ver los modelos en uso',
    view_audit: 'Ver la auditoría',
    manage_accounts: 'Gestionar cuentas y roles',
    manage_keys: 'Gestionar claves de API',
    manage_integrations: 'Gestionar webhooks y MQTT',
    metrics: 'Leer las métricas',
  },

  outcome: { open: 'Abierto', deny: 'Denegado', ask: 'Pregunta' },

  reason: {
    permitted: 'Esta matrícula tiene un permiso vigente.',
    denied: 'La matrícula consta como denegada.',
    unknown: 'Ningún permiso tiene esta matrícula.',
    not_yet_valid: 'El permiso todavía no es válido.',
    expired: 'El permiso ha caducado.',
    outside_schedule: 'Fuera del horario semanal del permiso.',
    other_gate: 'El permiso no incluye este acceso.',
    unsure: 'La matrícula no se pudo leer con la certeza necesaria para abrir.',
    ambiguous: 'La lectura podría ser de dos permisos distintos; en ese caso nunca se abre.',
    time_unknown: 'El permiso tiene límites de tiempo y el reloj del acceso aún no está en hora.',
    no_plate: 'Pasó algo sin matrícula legible.',
  },

  direction: { entry: 'Entrada', exit: 'Salida' },

  heading: { title: 'Sentido', approaching: 'Llega', leaving: 'Se va', unknown: 'No está claro' },

  vehicle: {
    title: 'Vehículo',
    type: 'Tipo',
    colour: 'Color',
    types: { car: 'Turismo', van: 'Furgoneta', truck: 'Camión', bus: 'Autobús', motorcycle: 'Motocicleta' },
    colours: {
      white: 'Blanco',
      grey: 'Gris',
      black: 'Negro',
      red: 'Rojo',
      blue: 'Azul',
      green: 'Verde',
      yellow: 'Amarillo',
      brown: 'Marrón',
    },
    phrase: (type: string, colour: string) =>
      [type, colour && `color ${colour}`].filter(Boolean).join(' ').toLowerCase(),
    notSure: 'no es seguro',
    noColours: 'la imagen no tiene colores',
    sure: (word: string, sure: string) => `${word}, con ${sure} de certeza`,
    other: 'Otro vehículo',
    mismatch: (said: string, seen: string) => `Según el permiso: ${said}; visto: ${seen}.`,
    asks: 'Esta matrícula tiene un permiso vigente, pero el vehículo no es el que describe.',
    something: 'otra cosa',
  },

  noPlate: 'Sin matrícula',
  everyGate: 'Todos los accesos',

  time: {
    justNow: 'ahora mismo',
    never: 'nunca',
    today: 'Hoy',
    yesterday: 'Ayer',
  },

  picture: {
    plateOf: (plate: string) => `La matrícula, leída como ${plate}`,
    plate: 'La matrícula',
    frame: 'La imagen completa',
    waiting: 'Imagen en camino',
    expired: 'Imagen borrada al cumplir su plazo',
    none: 'Sin imagen',
  },
}
