// The texts of the console in the language in use, and how to use another one.
//
// `text` follows the language: read it while rendering, never at the top of a module. English is in the first page, as
// what remains if another language can't be fetched; the others are fetched when they are wanted.
import type { Catalogue } from './catalogue'
import { en as english } from './en'
import { translated } from './sentences'

export type { Catalogue } from './catalogue'

/** The languages, each by its own name, as a person who speaks no other looks for it. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', es: 'Español' } as const

export type Language = keyof typeof LANGUAGES

const en: Catalogue = { ...english, hub: null }

/** The texts of the language in use. */
export let text: Catalogue = en

let language: Language = 'en'
let formats = 'en'
const listeners = new Set<() => void>()

const LOAD: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import('./de')).de,
  es: async () => (await import('./es')).es,
}

/** The language in use. */
export function languageInUse(): Language {
  return language
}

/** The locale for numbers and dates: the language in use, as this browser's region writes them. */
export function locale(): string {
  return formats
}

/** A sentence or a reason of the hub in the language in use; null if it can't be said in it. */
export function fromHub(said: string): string | null {
  return text.hub ? translated(text.hub, said) : said || null
}

/** Calls `listener` whenever the language changes, until the function that it gives back is called. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Uses a language from now on; keeps the one in use if its texts can't be fetched. */
export async function speak(wanted: Language, regions: readonly string[] = []): Promise<void> {
  const catalogue = await LOAD[wanted]()
  text = catalogue
  language = wanted
  formats = regions.find((region) => languageOf(region) === wanted) ?? wanted
  for (const listener of listeners) listener()
}

/** The first of these wishes that the console speaks, by language alone: `de-AT` wants German. */
export function choose(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const known = wish == null ? null : languageOf(wish)
    if (known) return known
  }
  return 'en'
}

function languageOf(tag: string): Language | null {
  const [name = ''] = tag.toLowerCase().split('-')
  return Object.hasOwn(LANGUAGES, name) ? (name as Language) : null
}
