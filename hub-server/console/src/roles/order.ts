// The order in which rights are shown: by what they are about, and those of a newer hub last.
import { text } from '../strings'

const KNOWN = Object.keys(text.right)

export function inOrder(rights: readonly string[]): string[] {
  const place = (right: string) => {
    const known = KNOWN.indexOf(right)
    return known < 0 ? KNOWN.length : known
  }
  return rights.toSorted((a, b) => place(a) - place(b) || a.localeCompare(b))
}
