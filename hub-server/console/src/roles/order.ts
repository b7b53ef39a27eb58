// The order in which rights are shown: by what they are about, and those of a newer hub last.
import { text } from '../strings'

export function inOrder(rights: readonly string[]): string[] {
  const known = Object.keys(text.right)
  const place = (right: string) => {
    const at = known.indexOf(right)
    return at < 0 ? known.length : at
  }
  return rights.toSorted((a, b) => place(a) - place(b) || a.localeCompare(b))
}
