// Proves AC-05's editor: what a person sets is what the gate gets, and comes back as it was set.
import { expect, test } from 'vitest'

import type { Span } from '../api'
import { faultOf, inWords, isOvernight, MINUTES_PER_DAY, toRules, toSpans } from './week'

const span = (weekday: number, from_minute: number, until_minute: number): Span => ({
  weekday,
  from_minute,
  until_minute,
})

/** Every minute of the week in which the spans hold. */
function minutes(spans: readonly Span[]): Set<number> {
  const held = new Set<number>()
  for (const { weekday, from_minute, until_minute } of spans) {
    for (let minute = from_minute; minute < until_minute; minute += 1) held.add(weekday * MINUTES_PER_DAY + minute)
  }
  return held
}

test('days with the same times become one rule, and back the same spans', () => {
  const spans = [...[0, 1, 2, 3, 4].map((day) => span(day, 480, 1080)), span(5, 540, 780)]
  const rules = toRules(spans)
  expect(rules).toEqual([
    { days: [0, 1, 2, 3, 4], from: '08:00', until: '18:00' },
    { days: [5], from: '09:00', until: '13:00' },
  ])
  expect(toSpans(rules)).toEqual(spans)
  expect(inWords(spans)).toBe('Mon–Fri 08:00–18:00, Sat 09:00–13:00')
})

test('a night ends the next morning, also from Sunday to Monday', () => {
  const night = { days: [4, 6], from: '22:00', until: '06:00' }
  expect(isOvernight(night)).toBe(true)
  const spans = toSpans([night])
  expect(spans).toEqual([span(0, 0, 360), span(4, 1320, 1440), span(5, 0, 360), span(6, 1320, 1440)])
  expect(toRules(spans)).toEqual([night])
})

test('until midnight stays on its day', () => {
  const evening = { days: [2], from: '18:00', until: '00:00' }
  expect(isOvernight(evening)).toBe(false)
  expect(toSpans([evening])).toEqual([span(2, 1080, 1440)])
  expect(inWords([span(2, 1080, 1440)])).toBe('Wed 18:00–24:00')
})

test('a whole day has no times in its words', () => {
  expect(toSpans([{ days: [5, 6], from: '00:00', until: '00:00' }])).toEqual([span(5, 0, 1440), span(6, 0, 1440)])
  expect(inWords([span(5, 0, 1440), span(6, 0, 1440)])).toBe('Sat, Sun')
  expect(inWords([])).toBe('Always')
})

test('a rule says what it lacks, and is left out until it is whole', () => {
  const good = { days: [0], from: '08:00', until: '10:00' }
  expect(faultOf(good)).toBeNull()
  const bad = [
    { ...good, days: [] },
    { ...good, from: '' },
    { ...good, until: '08:00' },
    { ...good, until: '25:00' },
  ]
  for (const rule of bad) {
    expect(faultOf(rule)).not.toBeNull()
    expect(toSpans([rule])).toEqual([])
  }
})

test('the same time twice is one span', () => {
  const rule = { days: [0], from: '08:00', until: '10:00' }
  expect(toSpans([rule, rule])).toHaveLength(1)
})

test('whatever spans the hub gives, showing and saving them unchanged changes no minute', () => {
  // A small generator with a printed seed, so that a failure can be run again.
  const seed = Math.floor(Math.random() * 2 ** 31)
  let state = seed
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % limit
  }
  for (let round = 0; round < 300; round += 1) {
    const spans = Array.from({ length: below(9) }, () => {
      const from = below(4) === 0 ? 0 : below(1439)
      const until = below(4) === 0 ? MINUTES_PER_DAY : from + 1 + below(MINUTES_PER_DAY - from)
      return span(below(7), from, until)
    })
    expect(minutes(toSpans(toRules(spans))), `seed ${seed}, round ${round}: ${JSON.stringify(spans)}`).toEqual(
      minutes(spans),
    )
  }
})
