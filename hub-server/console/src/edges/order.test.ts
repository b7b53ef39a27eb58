// Proves that an order's countdown does not depend on the browser's clock being right.
import { expect, test } from 'vitest'

import { isOver, secondsLeft } from './order'

const ORDER = { given_at: '2026-05-20T12:00:00Z', expires_at: '2026-05-20T12:00:10Z' }

test('the countdown runs from the moment the browser got the order', () => {
  const wrongClock = Date.parse('2001-01-01T00:00:00Z')
  expect(secondsLeft(ORDER, wrongClock, wrongClock)).toEqual({ seconds: 10, share: 1 })
  expect(secondsLeft(ORDER, wrongClock, wrongClock + 7_500)).toEqual({ seconds: 2.5, share: 0.25 })
  expect(secondsLeft(ORDER, wrongClock, wrongClock + 60_000)).toEqual({ seconds: 0, share: 0 })
  expect(secondsLeft(ORDER, wrongClock, wrongClock - 500)).toEqual({ seconds: 10, share: 1 })
})

test('an order is over once it was carried out or refused', () => {
  expect(isOver({ state: 'waiting' })).toBe(false)
  expect(isOver({ state: 'sent' })).toBe(false)
  expect(isOver({ state: 'done' })).toBe(true)
  expect(isOver({ state: 'expired' })).toBe(true)
})
