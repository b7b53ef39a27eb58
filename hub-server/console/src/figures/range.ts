// The ranges that figures are shown for. Pure.

export const RANGES = ['day', 'week', 'month'] as const

export type Range = (typeof RANGES)[number]

const HOUR_MS = 3_600_000
const DAYS = { day: 1, week: 7, month: 30 } as const

/** What to ask the hub for: up to the end of the hour that runs, so that the same question keeps its answer a while. */
export function rangeAt(range: Range, now: number): { from: string; until: string; step: 'hour' | 'day' } {
  const until = Math.ceil((now + 1) / HOUR_MS) * HOUR_MS
  const from = until - DAYS[range] * 24 * HOUR_MS
  return {
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    step: range === 'day' ? 'hour' : 'day',
  }
}
