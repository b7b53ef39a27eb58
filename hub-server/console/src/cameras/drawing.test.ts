import { expect, test } from 'vitest'

import { type Act, begin, crossing, draw, type Drawing, isSame, isSound, type Point, toAreas } from './drawing'

const TRIANGLE: Point[] = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.5, 0.9],
]

const all = (start: Drawing, ...acts: Act[]) => acts.reduce(draw, start)
const corners = (...points: Point[]): Act[] => points.map((at) => ({ do: 'corner', at }))

test('GR-06: corners become an area, and each act can be undone', () => {
  const drawn = all(begin({}), { do: 'begin', kind: 'exclude' }, ...corners(...TRIANGLE), { do: 'finish' })
  expect(toAreas(drawn)).toEqual({ include: [], exclude: [TRIANGLE] })
  expect(isSound(drawn)).toBe(true)
  const undone = all(drawn, { do: 'undo' }, { do: 'undo' })
  expect(undone.draft?.points).toEqual(TRIANGLE.slice(0, 2))
  expect(isSound(undone)).toBe(false)
  expect(all(undone, { do: 'undo' }, { do: 'undo' }, { do: 'undo' }, { do: 'undo' }).draft).toBeNull()
})

test('corners are moved, put in and taken out, and stay in the picture', () => {
  const start = begin({ include: [TRIANGLE] })
  const moved = all(
    start,
    { do: 'move', shape: 0, corner: 2, at: [0.4, 0.8], goesOn: false },
    { do: 'move', shape: 0, corner: 2, at: [0.3, 1.7], goesOn: true },
  )
  expect(moved.shapes[0]?.points[2]).toEqual([0.3, 1])
  expect(draw(moved, { do: 'undo' }).shapes).toEqual(start.shapes)
  const more = draw(start, { do: 'insert', shape: 0, after: 2, at: [0.2, 0.5] })
  expect(more.shapes[0]?.points).toEqual([...TRIANGLE, [0.2, 0.5]])
  expect(draw(more, { do: 'remove', shape: 0, corner: 3 }).shapes).toEqual(start.shapes)
  expect(draw(start, { do: 'remove', shape: 0, corner: 0 }).shapes).toEqual([])
})

test('two corners are no area, and clearing takes everything', () => {
  const few = all(begin({ include: [TRIANGLE] }), { do: 'begin', kind: 'include' }, ...corners([0, 0], [1, 1]), {
    do: 'finish',
  })
  expect(toAreas(few).include).toEqual([TRIANGLE])
  const cleared = draw(few, { do: 'clear' })
  expect(isSame(toAreas(cleared), { include: [], exclude: [] })).toBe(true)
  expect(draw(cleared, { do: 'undo' }).shapes).toHaveLength(1)
})

test('an outline that crosses itself is seen before the hub refuses it', () => {
  const bowTie: Point[] = [
    [0.1, 0.1],
    [0.9, 0.9],
    [0.9, 0.1],
    [0.1, 0.9],
  ]
  expect(crossing(bowTie)).toEqual([1, 3])
  expect(crossing(TRIANGLE)).toBeNull()
  expect(crossing([...TRIANGLE].reverse())).toBeNull()
  expect(isSound(begin({ exclude: [bowTie] }))).toBe(false)
})

test('what the hub keeps in single precision is the same again', () => {
  const kept = begin({ include: [TRIANGLE.map((corner) => corner.map(Math.fround))] })
  expect(toAreas(kept).include).toEqual([TRIANGLE])
})
