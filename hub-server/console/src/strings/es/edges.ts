// Los equipos de acceso, el alta de uno nuevo y cómo mover una barrera a mano.
import type { Like } from '../catalogue'
import type { edges as english } from '../en/edges'
import { counter } from '../forms'

const many = counter('es')

export const edges: Like<typeof english> = {
  edges: {
    title: 'Equipos de acceso',
    lead: 'Los pequeños ordenadores de sus accesos: qué ven, qué guardan y qué saben.',
    enrol: 'Dar de alta un equipo',
    empty: 'Todavía no hay equipos',
    emptyWhy:
      'Un equipo es el pequeño ordenador de un acceso. Dé de alta el primero: hacen falta un nombre y una orden.',
    connected: 'Conectado',
    away: 'Sin conexión',
    retired: 'Retirado',
    lastHeard: 'Último contacto',
    waiting: 'Eventos en espera',
    behind: (count: number) => many(count, '# pendiente', '# pendientes'),
    none: 'ninguno',
    events: 'Eventos guardados',
    book: 'Libro de permisos',
    current: (version: number) => `${version}, al día`,
    older: (has: number, wants: number) => `${has}, de ${wants}`,
    version: 'Versión',
    gates: 'Accesos',
    inputs: { active: 'activo', rest: 'en reposo' },
    inputNames: { loop: 'Lazo', safety: 'Seguridad', limit_open: 'Final de carrera abierto', tamper: 'Manipulación' },
    camera: { live: 'en directo', offline: 'sin señal', frozen: 'congelada' },
    noCamera: 'Todavía no ha informado ninguna cámara.',
    models: 'Modelos',
    modelFine: 'en uso',
    modelBad: 'no está en uso',
    heat: (step: number, fps: number) =>
      `Caliente o sobrecargado, nivel ${step}: se miran como máximo ${fps} imágenes por segundo.`,
    heatCoarse: 'Las matrículas lejanas se buscan con menos detalle.',
    gap: (expected: number, got: number, epoch: number) =>
      `Los eventos del ${expected} al ${got - 1} de la época ${epoch} nunca llegaron.`,
    gapOne: (expected: number, epoch: number) => `El evento ${expected} de la época ${epoch} nunca llegó.`,
    retire: 'Retirar',
    retireTitle: (name: string) => `¿Retirar ${name}?`,
    retireWhy:
      'A partir de entonces el servidor rechaza este equipo: sus accesos no reciben más permisos y sus eventos dejan de llegar. Para volver a usarlo, dé de alta el equipo de nuevo.',
    retired_: (name: string) => `${name} está retirado.`,
    more: 'Más acciones',
    pending: 'Códigos que esperan a su equipo',
    expires: 'caduca',
    used: 'usado',
  },

  enrol: {
    title: 'Dar de alta un equipo',
    name: 'Nombre del equipo',
    nameWhy: 'Cómo lo reconocerá, por ejemplo «acceso-norte».',
    site: 'Recinto',
    gates: 'Accesos de este equipo',
    gateName: 'Nombre del acceso',
    direction: 'Sentido',
    add: 'Añadir un acceso',
    remove: (number: number) => `Quitar el acceso ${number}`,
    make: 'Crear un código',
    codeLead: 'Escriba esto en el equipo. El código vale una sola vez y solo con este servidor.',
    code: 'Código',
    command: 'Orden para el equipo; pide el código',
    expires: 'El código caduca',
    waiting: 'A la espera de que el equipo se dé de alta. Puede cerrar esta ventana.',
    arrived: (name: string) => `${name} está dado de alta.`,
    done: 'Listo',
  },

  order: {
    title: (gate: string) => `Mover ${gate} a mano`,
    action: 'Qué hacer',
    actions: { open: 'Abrir una vez', hold_open: 'Mantener abierto', close: 'Cerrar' },
    did: {
      open: 'El acceso tiene la orden de abrir.',
      hold_open: 'El acceso tiene la orden de quedarse abierto.',
      close: 'El acceso tiene la orden de cerrar.',
    },
    reason: 'Motivo',
    reasonPlaceholder: 'Reparto para la cocina',
    why: 'La orden vale unos segundos y se ejecuta como máximo una vez. Si en ese tiempo no se llega al acceso, no hace nada.',
    hold: 'El acceso se queda abierto hasta que alguien lo cierre.',
    give: { open: 'Abrir el acceso', hold_open: 'Mantener abierto el acceso', close: 'Cerrar el acceso' },
    state: {
      waiting: 'Esperando al acceso',
      sent: 'Enviada al acceso',
      done: 'Hecha',
      expired: 'Caducada: no se llegó al acceso a tiempo, así que nada se movió.',
      repeated: 'Ya se había ejecutado; nada volvió a moverse.',
      blocked: 'La entrada de seguridad lo impide. Hay algo bajo la barrera.',
      no_such_gate: 'El equipo no conoce este acceso.',
      failed: 'Los contactos de la barrera no respondieron. Vaya a ver el acceso: nadie sabe si la barrera se movió.',
    },
    holds: (seconds: number) => `vale ${seconds} s`,
    again: 'Dar otra orden',
  },
}
