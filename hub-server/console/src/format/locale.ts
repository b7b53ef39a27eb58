// Numbers and formats as the language in use writes them.
import { locale } from '../strings'

/** Makes a format when it is first asked for, and again when the language has changed. */
export function perLocale<T>(make: (locale: string) => T): () => T {
  let made: { of: string; format: T } | undefined
  return () => {
    const of = locale()
    if (made?.of !== of) made = { of, format: make(of) }
    return made.format
  }
}

const tenths = perLocale(
  (of) => new Intl.NumberFormat(of, { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false }),
)

/** A number with one decimal. */
export function decimal(value: number): string {
  return tenths().format(value)
}
