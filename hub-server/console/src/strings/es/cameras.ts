// Con qué frecuencia y dónde se mira la imagen de una cámara.
import type { Like } from '../catalogue'
import type { cameras as english } from '../en/cameras'
import { counter } from '../forms'

const many = counter('es')

export const cameras: Like<typeof english> = {
  cameras: {
    title: (name: string) => `Cámara ${name}`,
    lead: 'Con qué frecuencia y dónde se mira la imagen de una cámara.',
    toEdges: 'Todos los equipos',
    picture: 'Lo que muestra la cámara',
    canvas: 'Zonas sobre la imagen. Al dibujar: las flechas mueven la cruz, Intro pone un vértice, Escape termina.',
    corner: (corner: number, area: number) =>
      `Vértice ${corner} de la zona ${area}. Las flechas lo mueven, Intro añade otro después, Supr lo quita.`,
    taken: 'Tomada',
    look: 'Nueva imagen',
    noLook: 'Su rol no muestra imágenes de esta cámara.',
    blind: 'Aun así se pueden dibujar zonas.',
    kind: 'Para qué es la zona',
    kinds: { include: 'Aquí cuentan las matrículas', exclude: 'Aquí no' },
    add: 'Dibujar una zona',
    finish: 'Terminar la zona',
    drawing: (corners: number) =>
      corners < 3
        ? `Pulse los vértices uno tras otro alrededor de la zona: ${corners} de al menos 3.`
        : `${corners} vértices. Siga alrededor de la zona y luego termínela.`,
    everything: 'No hay ninguna zona dibujada: cuenta toda la imagen.',
    adjust: 'Arrastre un vértice para moverlo. Un punto pequeño en un lado añade otro; un doble clic lo quita.',
    crossed: (area: number) => `Los lados de la zona ${area} se cruzan o se tocan. Separe sus vértices.`,
    rate: 'Con qué frecuencia',
    fps: 'Imágenes por segundo',
    perSecond: (fps: number) => `${fps} / s`,
    wanted: 'Deseado',
    measured: 'Miradas',
    sends: 'La cámara envía',
    lowered: (fps: number) =>
      `El equipo está caliente o sobrecargado y mira como máximo ${many(fps, '# vez', '# veces')} por segundo.`,
    noReport: 'El equipo está sin conexión o es demasiado antiguo para decir su ritmo.',
    standing: {
      own: 'Ajustes propios del equipo',
      applied: 'Aplicado',
      waiting: 'Esperando al equipo',
      refused: 'Rechazado por el equipo',
    },
    waitingAway: 'Esperando al equipo, que está sin conexión',
    refusedWhy: (why: string) => `Sigue valiendo lo anterior. El equipo dice: ${why}.`,
    saved: 'Guardado. El equipo lo recibe enseguida.',
    overtaken: 'Otra persona ha cambiado esta cámara. Vuelva a cargarla antes de cambiarla.',
    reload: 'Volver a cargar',
    discard: 'Descartar',
    history: 'Cambios',
    hub: 'Este servidor',
    own: 'Los ajustes propios del equipo',
    setOwn: (revision: number) => `${revision}: los ajustes propios del equipo`,
    set: (revision: number, fps: number, areas: number) =>
      `${revision}: ${fps} / s, ${areas === 0 ? 'toda la imagen' : many(areas, '# zona', '# zonas')}`,
    restore: 'Volver a tomar',
    restoreOf: (revision: number) => `Volver a tomar el cambio ${revision}`,
    restoreOwn: 'Volver a tomar los ajustes propios del equipo',
    restored: 'Los ajustes anteriores quedan a la espera del equipo.',
  },
}
