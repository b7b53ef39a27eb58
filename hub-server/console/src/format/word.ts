// Words of the API as people read them.

/** Looks a word up. A newer hub may use words that this console does not know: those are shown as they are. */
export function wordOf(table: Readonly<Record<string, string>>, word: string): string {
  return Object.hasOwn(table, word) ? (table[word] ?? word) : word
}
