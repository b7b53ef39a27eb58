// Proves UX-12: a lost connection is shown, comes back by itself, resumes, and leaves no gap.
import { expect, test } from 'vitest'

import { type LiveEvent, type LiveState, outdatedBy, START, step } from './resume'

const after = (events: LiveEvent[], from: LiveState = START) =>
  events.reduce<ReturnType<typeof step>>((last, event) => step(last.state, event), {
    state: from,
    retryInMs: null,
    refetch: false,
  })

test('the first connection becomes live and asks for nothing twice', () => {
  const { state, refetch } = after([{ kind: 'opened' }])
  expect(state.phase).toBe('live')
  expect(refetch).toBe(false)
})

test('a lost connection is shown and tried again soon, then ever more slowly up to a limit', () => {
  const lost: LiveEvent = { kind: 'lost' }
  expect(after([{ kind: 'opened' }, lost])).toMatchObject({ state: { phase: 'reconnecting' }, retryInMs: 500 })
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((times) => after(Array<LiveEvent>(times).fill(lost)).retryInMs)
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000])
})

test('the next connection resumes after the last message and asks again for what is on the screen', () => {
  const back = after([{ kind: 'opened' }, { kind: 'message', id: '41' }, { kind: 'lost' }, { kind: 'opened' }])
  expect(back.state).toEqual({ phase: 'live', lastId: '41', failures: 0 })
  expect(back.refetch).toBe(true)
})

test('a message without an id keeps the place to resume from', () => {
  expect(
    after([
      { kind: 'message', id: '41' },
      { kind: 'message', id: '' },
    ]).state.lastId,
  ).toBe('41')
})

test('after the session ended nothing is tried again', () => {
  expect(after([{ kind: 'opened' }, { kind: 'refused' }, { kind: 'lost' }])).toMatchObject({
    state: { phase: 'ended' },
    retryInMs: null,
  })
})

test('news makes the right answers old, and unknown news none', () => {
  expect(outdatedBy('passage')).toContain('passages')
  expect(outdatedBy('camera')).toContain('edges')
  expect(outdatedBy('something_new')).toEqual([])
})
