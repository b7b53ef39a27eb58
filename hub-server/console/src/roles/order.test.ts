import { expect, test } from 'vitest'

import { inOrder } from './order'

test('rights are in the order of their names here, and unknown ones last', () => {
  expect(inOrder(['zap', 'manage_accounts', 'view_passages', 'brew'])).toEqual([
    'view_passages',
    'manage_accounts',
    'brew',
    'zap',
  ])
})
