// Proves that times and shares read as people say them.
import { expect, test } from 'vitest'

import { percent } from './share'
import { ago, brief, fromField, lasting, moment, toField } from './time'

const NOW = Date.parse('2026-05-20T12:00:00Z')
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()

test('how long ago is told in the largest fitting unit', () => {
  expect(ago(before(2), NOW)).toBe('just now')
  expect(ago(before(59), NOW)).toContain('59')
  expect(ago(before(60), NOW)).toContain('1')
  expect(ago(before(3599), NOW)).toContain('59')
  expect(ago(before(2 * 86_400), NOW)).toContain('2')
  expect(ago(before(-7200), NOW)).toContain('2')
})

test('a moment of another day names the day', () => {
  expect(moment(before(86_400), NOW)).toMatch(/^Yesterday, /)
  expect(moment(before(3), NOW)).toMatch(/^\d\d:\d\d:\d\d$/)
})

test('durations keep two units at most', () => {
  expect(lasting(0)).toBe('0 s')
  expect(lasting(59)).toBe('59 s')
  expect(lasting(7.6 * 3600)).toBe('7 h 36 min')
  expect(lasting(86_400 * 2 + 60)).toBe('2 d')
  expect(lasting(-4)).toBe('0 s')
})

test('stage times show what matters', () => {
  expect([84, 3217, 51_400, 999_400, 1_240_000].map(brief)).toEqual(['84 µs', '3.2 ms', '51 ms', '999 ms', '1.2 s'])
})

test('a probability is certain or impossible only if it is', () => {
  expect([1, 0.9999, 0.984, 0.93, 0.5, 0.043, 0.0004, 0].map(percent)).toEqual([
    '100 %',
    '>99.9 %',
    '98 %',
    '93 %',
    '50 %',
    '4.3 %',
    '<0.1 %',
    '0 %',
  ])
})

test('a moment goes into a field and comes back', () => {
  expect(fromField(toField('2026-05-20T08:30:00.000Z'))).toBe('2026-05-20T08:30:00.000Z')
  expect(fromField('')).toBeNull()
  expect(toField(null)).toBe('')
})
