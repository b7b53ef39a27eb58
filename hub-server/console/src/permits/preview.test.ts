import { expect, test } from 'vitest'

import type { PermitPreview } from '../api'
import { alikesOf, differenceOf, isWorthAsking } from './preview'

const permit = { id: '1', plate: 'AB12CD1', holder: 'Ana' }

test('a plate is asked about from three letters and digits on', () => {
  expect(isWorthAsking('a - b')).toBe(false)
  expect(isWorthAsking('ab 1')).toBe(true)
})

test('only readings that would change what a gate does are shown', () => {
  const alike = { text: 'AB12CD1', place: 6, probability: 0.5 }
  const preview: PermitPreview = {
    plate: 'AB12CDI',
    near: [],
    look_alikes: [
      { ...alike, asks: true, opens_wavering: false },
      { ...alike, asks: false, opens_wavering: false },
      { ...alike, asks: false, opens_wavering: true },
    ],
  }
  expect(alikesOf(preview)).toHaveLength(2)
})

test('a difference says what stands on the other plate', () => {
  const near = { permit, denied: false, often: true }
  expect(differenceOf({ ...near, own: 'I', other: '1' })).toBe('1 in place of I')
  expect(differenceOf({ ...near, own: null, other: '7' })).toBe('one more: 7')
  expect(differenceOf({ ...near, own: '7', other: null })).toBe('without the 7')
})
