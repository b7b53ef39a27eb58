// Proves AC-04 as the console shows it: a permit's state follows its dates.
import { expect, test } from 'vitest'

import { stateOf, validityInWords } from './state'

const NOW = Date.parse('2026-05-20T12:00:00Z')
const OPEN = { withdrawn_at: null, denied: false, valid_from: null, valid_until: null }

test('the state of a permit', () => {
  expect(stateOf(OPEN, NOW)).toBe('valid')
  expect(stateOf({ ...OPEN, valid_from: '2026-05-20T12:00:01Z' }, NOW)).toBe('future')
  expect(stateOf({ ...OPEN, valid_from: '2026-05-20T12:00:00Z' }, NOW)).toBe('valid')
  expect(stateOf({ ...OPEN, valid_until: '2026-05-20T12:00:00Z' }, NOW)).toBe('expired')
  expect(stateOf({ ...OPEN, denied: true, valid_until: '2020-01-01T00:00:00Z' }, NOW)).toBe('denied')
  expect(stateOf({ ...OPEN, denied: true, withdrawn_at: '2026-05-01T00:00:00Z' }, NOW)).toBe('withdrawn')
})

test('validity in words', () => {
  expect(validityInWords(OPEN, NOW)).toBe('Always')
  expect(validityInWords({ valid_from: null, valid_until: '2027-01-01T12:00:00Z' }, NOW)).toMatch(/^until .*2027/)
  expect(validityInWords({ valid_from: '2026-01-01T12:00:00Z', valid_until: null }, NOW)).toMatch(/^from /)
})
