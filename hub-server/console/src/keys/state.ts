// Whether an API key holds, and until when a new one does.

const DAY_MS = 24 * 60 * 60 * 1000

export function stateOf(
  key: { expires_at?: string | null; revoked_at?: string | null },
  now: Date,
): 'holds' | 'over' | 'revoked' {
  if (key.revoked_at) return 'revoked'
  return key.expires_at && new Date(key.expires_at) <= now ? 'over' : 'holds'
}

/** So many days ahead; 0 for no end. */
export function endOf(days: number, now: Date): string | null {
  return days > 0 ? new Date(now.getTime() + days * DAY_MS).toISOString() : null
}
