import { expect, test } from 'vitest'

import { endOf, stateOf } from './state'

const now = new Date('2026-01-01T12:00:00Z')

test('a key holds until it is revoked or its time is over', () => {
  expect(stateOf({}, now)).toBe('holds')
  expect(stateOf({ expires_at: '2026-01-01T12:00:01Z' }, now)).toBe('holds')
  expect(stateOf({ expires_at: '2026-01-01T12:00:00Z' }, now)).toBe('over')
  expect(stateOf({ expires_at: '2027-01-01T00:00:00Z', revoked_at: '2026-01-01T00:00:00Z' }, now)).toBe('revoked')
})

test('the end is so many days ahead, or none', () => {
  expect(endOf(1, now)).toBe('2026-01-02T12:00:00.000Z')
  expect(endOf(0, now)).toBeNull()
})
