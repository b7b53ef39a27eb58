// Plural forms by Intl, so that no catalogue counts by itself.

/** Gives the form of a language that fits a count; `#` in it becomes the number, grouped as people write it there. */
export function counter(language: string): (count: number, one: string, other: string) => string {
  const rules = new Intl.PluralRules(language)
  const digits = new Intl.NumberFormat(language)
  return (count, one, other) => (rules.select(count) === 'one' ? one : other).replace('#', digits.format(count))
}
