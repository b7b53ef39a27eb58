// Proves that log-in never leads away, and that both forms of the set-up link work.
import { expect, test } from 'vitest'

import { inside, setUpToken } from './inside'

test('a page of the console is kept', () => {
  expect(inside('/passages?plate=AB')).toBe('/passages?plate=AB')
})

test.each([null, '', 'https://elsewhere.example', '//elsewhere.example', '/\\elsewhere.example', '/login?next=/login'])(
  'log-in never leads to %s',
  (next) => {
    expect(inside(next)).toBe('/')
  },
)

test('the set-up token is read from both forms of the link, and the hidden part wins', () => {
  expect(setUpToken('#token=abc', '')).toBe('abc')
  expect(setUpToken('', '?token=abc')).toBe('abc')
  expect(setUpToken('#token=a', '?token=b')).toBe('a')
  expect(setUpToken('', '')).toBe('')
})
