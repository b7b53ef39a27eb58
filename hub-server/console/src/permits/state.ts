// How a permit stands at a moment, and its validity in words. Pure.
import type { Permit } from '../api'
import { dateOf } from '../format/time'
import type { Tone } from '../parts/Mark'
import { text } from '../strings'

export type PermitState = keyof typeof text.permits.states

export function stateOf(
  permit: Pick<Permit, 'withdrawn_at' | 'denied' | 'valid_from' | 'valid_until'>,
  now: number,
): PermitState {
  if (permit.withdrawn_at) return 'withdrawn'
  if (permit.denied) return 'denied'
  if (permit.valid_from && Date.parse(permit.valid_from) > now) return 'future'
  if (permit.valid_until && Date.parse(permit.valid_until) <= now) return 'expired'
  return 'valid'
}

export const TONES: Record<PermitState, Tone> = {
  valid: 'good',
  future: 'quiet',
  expired: 'warn',
  denied: 'bad',
  withdrawn: 'quiet',
}

export function validityInWords(permit: Pick<Permit, 'valid_from' | 'valid_until'>, now: number): string {
  const from = permit.valid_from ? dateOf(permit.valid_from, now) : null
  const until = permit.valid_until ? dateOf(permit.valid_until, now) : null
  if (from && until) return text.permits.between(from, until)
  if (from) return text.permits.from(from)
  return until ? text.permits.until(until) : text.permits.always
}
