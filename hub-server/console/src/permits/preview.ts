// What a permit would match, in words. Pure.
import type { PermitPreview } from '../api'
import { text } from '../strings'

/** A plate that is worth asking about: not a first letter or two. */
export function isWorthAsking(plate: string): boolean {
  return plate.replace(/[\s.·-]/g, '').length >= 3
}

/** The readings that count: a gate asks a person, or opens if it wavers. */
export function alikesOf(preview: PermitPreview): PermitPreview['look_alikes'] {
  return preview.look_alikes.filter((alike) => alike.asks || alike.opens_wavering)
}

/** Where two plates differ: `I in place of 1`, `one more: 7`, `one less: 7`. */
export function differenceOf(near: PermitPreview['near'][number]): string {
  if (near.own == null) return text.preview.more(near.other ?? '')
  if (near.other == null) return text.preview.less(near.own)
  return text.preview.other(near.other, near.own)
}
