// Polygons on a picture: what each act of a person makes of them. Without a browser, so that it can be tried out.

/** Parts of the picture's width and height, from 0 to 1. */
export type Point = [number, number]
export type Kind = 'include' | 'exclude'

export interface Shape {
  kind: Kind
  points: Point[]
}

export interface Drawing {
  shapes: Shape[]
  /** The outline that is being drawn; the next corner goes to its end. */
  draft: Shape | null
  /** What was there before each act, the newest last. */
  past: { shapes: Shape[]; draft: Shape | null }[]
}

export type Act =
  | { do: 'begin'; kind: Kind }
  | { do: 'corner'; at: Point }
  | { do: 'finish' }
  /** `goesOn`: part of a movement that began before; it is undone with it. */
  | { do: 'move'; shape: number; corner: number; at: Point; goesOn: boolean }
  | { do: 'insert'; shape: number; after: number; at: Point }
  | { do: 'remove'; shape: number; corner: number }
  | { do: 'drop'; shape: number }
  | { do: 'clear' }
  | { do: 'undo' }

/** As the hub takes them. */
export interface Areas {
  include: Point[][]
  exclude: Point[][]
}

export const FEWEST_CORNERS = 3
export const MOST_CORNERS = 64
export const MOST_SHAPES = 16
const MOST_PAST = 100

export function begin(areas: { include?: number[][][]; exclude?: number[][][] }): Drawing {
  const shapes = (kind: Kind) => (areas[kind] ?? []).map((points) => ({ kind, points: points.map(pointOf) }))
  return { shapes: [...shapes('include'), ...shapes('exclude')], draft: null, past: [] }
}

export function toAreas(drawing: Drawing): Areas {
  const of = (kind: Kind) => drawing.shapes.filter((shape) => shape.kind === kind).map((shape) => shape.points)
  return { include: of('include'), exclude: of('exclude') }
}

export function draw(drawing: Drawing, act: Act): Drawing {
  switch (act.do) {
    case 'undo': {
      const before = drawing.past.at(-1)
      return before ? { ...before, past: drawing.past.slice(0, -1) } : drawing
    }
    case 'begin':
      if (countOf(drawing, act.kind) >= MOST_SHAPES) return drawing
      return changed(drawing, drawing.shapes, { kind: act.kind, points: [] })
    case 'corner': {
      const { draft } = drawing
      if (!draft || draft.points.length >= MOST_CORNERS) return drawing
      return changed(drawing, drawing.shapes, { ...draft, points: [...draft.points, inside(act.at)] })
    }
    case 'finish': {
      const { draft } = drawing
      if (!draft) return drawing
      // Too few corners are no outline: nothing is left of them.
      const shapes = draft.points.length >= FEWEST_CORNERS ? [...drawing.shapes, draft] : drawing.shapes
      return changed(drawing, shapes, null)
    }
    case 'move': {
      const shapes = withCorners(drawing, act.shape, (points) => points.with(act.corner, inside(act.at)))
      if (act.goesOn) return { ...drawing, shapes }
      return changed(drawing, shapes, drawing.draft)
    }
    case 'insert':
      if ((drawing.shapes[act.shape]?.points.length ?? MOST_CORNERS) >= MOST_CORNERS) return drawing
      return changed(
        drawing,
        withCorners(drawing, act.shape, (points) => points.toSpliced(act.after + 1, 0, inside(act.at))),
        drawing.draft,
      )
    case 'remove': {
      const left = (drawing.shapes[act.shape]?.points.length ?? 0) - 1
      if (left < FEWEST_CORNERS) return draw(drawing, { do: 'drop', shape: act.shape })
      const shapes = withCorners(drawing, act.shape, (points) => points.toSpliced(act.corner, 1))
      return changed(drawing, shapes, drawing.draft)
    }
    case 'drop':
      return changed(drawing, drawing.shapes.toSpliced(act.shape, 1), drawing.draft)
    case 'clear':
      return changed(drawing, [], null)
  }
}

/** The first two sides of an outline, counted from 1, that cross or touch; null if there are none. */
export function crossing(points: readonly Point[]): [number, number] | null {
  const count = points.length
  const side = (at: number): [Point, Point] => [points[at % count] as Point, points[(at + 1) % count] as Point]
  for (let one = 0; one < count; one++) {
    for (let other = one + 1; other < count; other++) {
      const met =
        other === one + 1
          ? foldsBack(side(one), side(other))
          : one === 0 && other === count - 1
            ? foldsBack(side(other), side(one))
            : meet(side(one), side(other))
      if (met) return [one + 1, other + 1]
    }
  }
  return null
}

/** Whether the shapes that are drawn could be saved. */
export function isSound(drawing: Drawing): boolean {
  return drawing.draft === null && drawing.shapes.every((shape) => crossing(shape.points) === null)
}

export function isSame(one: Areas, other: Areas): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** The middle of a side, where a corner can be put in. */
export function middle(points: readonly Point[], side: number): Point {
  const [x, y] = points[side] as Point
  const [nextX, nextY] = points[(side + 1) % points.length] as Point
  return [(x + nextX) / 2, (y + nextY) / 2]
}

function changed(drawing: Drawing, shapes: Shape[], draft: Shape | null): Drawing {
  const past = [...drawing.past, { shapes: drawing.shapes, draft: drawing.draft }].slice(-MOST_PAST)
  return { shapes, draft, past }
}

function countOf(drawing: Drawing, kind: Kind): number {
  return drawing.shapes.filter((shape) => shape.kind === kind).length
}

function withCorners(drawing: Drawing, at: number, change: (points: Point[]) => Point[]): Shape[] {
  return drawing.shapes.map((shape, place) => (place === at ? { ...shape, points: change(shape.points) } : shape))
}

/** Within the picture, to a ten-thousandth: finer than a pixel. */
function inside([x, y]: Point): Point {
  const part = (value: number) => Math.round(Math.min(Math.max(value, 0), 1) * 10_000) / 10_000
  return [part(x), part(y)]
}

function pointOf(corner: number[]): Point {
  // The hub keeps single precision: 0.1 comes back as 0.10000000149.
  return inside([corner[0] ?? 0, corner[1] ?? 0])
}

type Side = [Point, Point]

function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

function isBetween([a, b]: Side, c: Point): boolean {
  const within = (axis: 0 | 1) => Math.min(a[axis], b[axis]) <= c[axis] && c[axis] <= Math.max(a[axis], b[axis])
  return within(0) && within(1)
}

function meet(one: Side, other: Side): boolean {
  const turns = [
    turn(one[0], one[1], other[0]),
    turn(one[0], one[1], other[1]),
    turn(other[0], other[1], one[0]),
    turn(other[0], other[1], one[1]),
  ] as const
  if (turns[0] * turns[1] < 0 && turns[2] * turns[3] < 0) return true
  return (
    (turns[0] === 0 && isBetween(one, other[0])) ||
    (turns[1] === 0 && isBetween(one, other[1])) ||
    (turns[2] === 0 && isBetween(other, one[0])) ||
    (turns[3] === 0 && isBetween(other, one[1]))
  )
}

function foldsBack(one: Side, other: Side): boolean {
  return turn(one[0], one[1], other[1]) === 0 && (isBetween(one, other[1]) || isBetween(other, one[0]))
}
