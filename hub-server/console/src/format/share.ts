// Shares of one as percents.
import { decimal } from './locale'

/** A probability for people: never 100 % unless it is one, never 0 % unless it is none. */
export function percent(share: number): string {
  if (share >= 1) return '100 %'
  if (share > 0.999) return `>${decimal(99.9)} %`
  if (share <= 0) return '0 %'
  if (share < 0.001) return `<${decimal(0.1)} %`
  return share > 0.99 || share < 0.1 ? `${decimal(share * 100)} %` : `${Math.round(share * 100)} %`
}
