// How often and where a camera is looked at.
import { counter } from '../forms'

const many = counter('en')

export const cameras = {
  cameras: {
    title: (name: string) => `Camera ${name}`,
    lead: 'How often and where a camera is looked at.',
    toEdges: 'All edges',
    picture: 'What the camera shows',
    canvas: 'Areas on the picture. While you draw: arrow keys move the cross, Enter sets a corner, Escape finishes.',
    corner: (corner: number, area: number) =>
      `Corner ${corner} of area ${area}. Arrow keys move it, Enter puts one in after it, Delete takes it out.`,
    taken: 'Taken',
    look: 'New picture',
    noLook: 'Your role shows no pictures of this camera.',
    blind: 'Areas can be drawn all the same.',
    kind: 'What the area is for',
    kinds: { include: 'Plates count here', exclude: 'Not here' },
    add: 'Draw an area',
    finish: 'Finish the area',
    drawing: (corners: number) =>
      corners < 3
        ? `Click or tap the corners, one after the other around the area: ${corners} of at least 3.`
        : `${corners} corners. Go on around the area, then finish it.`,
    everything: 'No area is drawn: the whole picture counts.',
    adjust: 'Drag a corner to move it. A small dot on a side puts one in; a double click takes one out.',
    crossed: (area: number) => `The sides of area ${area} cross or touch. Move its corners apart.`,
    rate: 'How often',
    fps: 'Frames a second',
    perSecond: (fps: number) => `${fps} / s`,
    wanted: 'Wanted',
    measured: 'Looked at',
    sends: 'Camera sends',
    lowered: (fps: number) => `The edge is hot or overloaded and looks at most ${fps} times a second.`,
    noReport: 'The edge is away, or too old to say how fast it is.',
    standing: {
      own: 'Edge’s own settings',
      applied: 'Applied',
      waiting: 'Waiting for the edge',
      refused: 'Refused by the edge',
    },
    waitingAway: 'Waiting for the edge, which is away',
    refusedWhy: (why: string) => `What held before still holds. The edge says: ${why}.`,
    saved: 'Saved. The edge gets it at once.',
    overtaken: 'Somebody else changed this camera. Load it again before you change it.',
    reload: 'Load again',
    discard: 'Discard',
    history: 'Changes',
    hub: 'This hub',
    own: 'The edge’s own settings',
    setOwn: (revision: number) => `${revision}: the edge’s own settings`,
    set: (revision: number, fps: number, areas: number) =>
      `${revision}: ${fps} / s, ${areas === 0 ? 'whole picture' : many(areas, '# area', '# areas')}`,
    restore: 'Take again',
    restoreOf: (revision: number) => `Take change ${revision} again`,
    restoreOwn: 'Take the edge’s own settings again',
    restored: 'The former settings are left for the edge.',
  },
} as const
