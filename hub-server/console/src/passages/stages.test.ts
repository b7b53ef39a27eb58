// Proves GR-18: the bar shows each stage that ran, in order, and nothing else.
import { expect, test } from 'vitest'

import { stageParts } from './stages'

const NONE = {
  capture_us: 0,
  decode_us: 0,
  detect_us: 0,
  read_us: 0,
  decide_us: 0,
  record_us: 0,
  actuate_us: 0,
  vehicle_us: 0,
}

test('stages that ran are shown in order, with shares that make one', () => {
  const { parts, totalUs } = stageParts({ ...NONE, record_us: 25, detect_us: 75 })
  expect(totalUs).toBe(100)
  expect(parts).toEqual([
    { stage: 'detect_us', us: 75, share: 0.75 },
    { stage: 'record_us', us: 25, share: 0.25 },
  ])
})

test('a passage without times has no parts', () => {
  expect(stageParts(NONE)).toEqual({ parts: [], totalUs: 0 })
})
