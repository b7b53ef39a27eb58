// The live connection's rules, without clock or network: what to show, when to try again, from where to resume.

export type Phase = 'connecting' | 'live' | 'reconnecting' | 'ended'

export interface LiveState {
  phase: Phase
  /** The id of the last message taken in; the next connection resumes after it. */
  lastId: string
  /** Failed tries in a row. */
  failures: number
}

export type LiveEvent =
  | { kind: 'opened' }
  | { kind: 'message'; id: string }
  | { kind: 'lost' }
  /** The hub refused because nobody is logged in. */
  | { kind: 'refused' }

/** What to do after an event. */
export interface LiveStep {
  state: LiveState
  /** Wait this long, then connect again. */
  retryInMs: number | null
  /** Ask again for everything on the screen: something may have been missed. */
  refetch: boolean
}

export const START: LiveState = { phase: 'connecting', lastId: '', failures: 0 }

/** The hub beats every 15 s; after this silence the connection is taken for dead. */
export const SILENCE_MS = 40_000

const LONGEST_MS = 15_000

export function step(state: LiveState, event: LiveEvent): LiveStep {
  switch (event.kind) {
    case 'opened': {
      // The hub resumes after lastId, but only as far back as it keeps news. Asking once more for what is on the
      // screen closes any gap, even one that the hub no longer remembers.
      const refetch = state.phase === 'reconnecting'
      return { state: { ...state, phase: 'live', failures: 0 }, retryInMs: null, refetch }
    }
    case 'message':
      return { state: { ...state, lastId: event.id || state.lastId }, retryInMs: null, refetch: false }
    case 'lost': {
      const phase = state.phase === 'ended' ? 'ended' : 'reconnecting'
      const retryInMs = phase === 'ended' ? null : Math.min(500 * 2 ** state.failures, LONGEST_MS)
      return { state: { ...state, phase, failures: state.failures + 1 }, retryInMs, refetch: false }
    }
    case 'refused':
      return { state: { ...state, phase: 'ended' }, retryInMs: null, refetch: false }
  }
}

/** What sums up the others. */
const SUMMED = ['dashboard', 'checklist'] as const

/** Which answers a kind of news makes old, by the first word of their key. */
export function outdatedBy(kind: string): readonly string[] {
  switch (kind) {
    case 'passage':
      return ['passages', 'visits', 'occupancy', 'statistics', ...SUMMED]
    case 'order':
      return ['orders', 'passages', ...SUMMED]
    case 'edge':
    case 'input':
    case 'camera':
    case 'model':
      return ['edges', 'gates', 'enrolments', ...SUMMED]
    case 'camera_settings':
      return ['camera', 'camera-history']
    case 'visit':
      return ['visits', 'occupancy', ...SUMMED]
    case 'permit':
      return ['permits', 'edges', 'checklist']
    default:
      // A newer hub may send kinds that this console does not know.
      return []
  }
}
