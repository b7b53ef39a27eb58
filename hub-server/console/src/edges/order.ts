// What is left of an order's time. Pure.
import type { Order } from '../api'

/** Whether nothing more will happen to this order. */
export function isOver(order: Pick<Order, 'state'>): boolean {
  return order.state !== 'waiting' && order.state !== 'sent'
}

/**
 * How long an order still holds. Counted from the moment at which this browser got it: its clock may differ from
 * the hub's.
 */
export function secondsLeft(
  order: Pick<Order, 'given_at' | 'expires_at'>,
  since: number,
  now: number,
): { seconds: number; share: number } {
  const whole = Math.max(1, Date.parse(order.expires_at) - Date.parse(order.given_at))
  const left = Math.min(whole, Math.max(0, whole - (now - since)))
  return { seconds: left / 1000, share: left / whole }
}
