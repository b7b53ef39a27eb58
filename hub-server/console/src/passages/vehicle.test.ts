import { expect, test } from 'vitest'

import { text } from '../strings'
import { describe, mismatchOf, reasonOf, seenAs } from './vehicle'

const blueCar = { type: 'car', type_confidence: 0.97, colour: 'blue', colour_confidence: 0.9 } as const

test('a vehicle is told in a word or two, and not at all where nothing is sure', () => {
  expect(seenAs(blueCar)).toBe('blue car')
  expect(seenAs({ ...blueCar, colour: null })).toBe('car')
  expect(seenAs({ ...blueCar, type: null, colour: null })).toBeNull()
  expect(seenAs(null)).toBeNull()
})

test('a word of a newer hub is shown as it is', () => {
  expect(describe('tram', 'pink')).toBe('pink tram')
})

test('a mismatch names what the permit says and what was seen in its place, and only that', () => {
  expect(mismatchOf({ type: 'van', colour: 'red' }, blueCar)).toBe('The permit says red van; seen: blue car.')
  expect(mismatchOf({ type: 'van', colour: null }, blueCar)).toBe('The permit says van; seen: car.')
  expect(mismatchOf({ type: null, colour: 'red' }, null)).toBe('The permit says red; seen: something else.')
})

test('a gate that asks although a permit holds says that it is the vehicle', () => {
  const mismatch = { type: 'van', colour: null } as const
  expect(reasonOf({ outcome: 'ask', reason: 'permitted', mismatch })).toBe(text.vehicle.asks)
  expect(reasonOf({ outcome: 'open', reason: 'permitted', mismatch })).toBe(text.reason.permitted)
  expect(reasonOf({ outcome: 'ask', reason: 'unknown', mismatch: null })).toBe(text.reason.unknown)
})
