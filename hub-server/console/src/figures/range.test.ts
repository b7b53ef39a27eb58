// Proves AC-07's ranges: whole hours, up to and with the one that runs.
import { expect, test } from 'vitest'

import { rangeAt } from './range'

test('a range ends with the hour that runs, also right on the hour', () => {
  expect(rangeAt('day', Date.parse('2026-05-20T12:10:00Z'))).toEqual({
    from: '2026-05-19T13:00:00.000Z',
    until: '2026-05-20T13:00:00.000Z',
    step: 'hour',
  })
  expect(rangeAt('day', Date.parse('2026-05-20T12:00:00Z')).until).toBe('2026-05-20T13:00:00.000Z')
  const month = rangeAt('month', Date.parse('2026-05-20T12:10:00Z'))
  expect((Date.parse(month.until) - Date.parse(month.from)) / 86_400_000).toBe(30)
  expect(month.step).toBe('day')
})
