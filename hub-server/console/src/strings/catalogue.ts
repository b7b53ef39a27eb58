// The shape of a catalogue: that of the English one, so that a key missing in another language does not compile.
import type { en } from './en'
import type { Sentences } from './sentences'

/** The same keys with texts of another language; sentences keep what is put into them. */
export type Like<T> = T extends string
  ? string
  : T extends (...given: infer Given) => string
    ? (...given: Given) => string
    : { readonly [Key in keyof T]: Like<T[Key]> }

/** Every text of the console in one language. */
export interface Catalogue extends Like<typeof en> {
  /** What the hub says in English; null where that is the language. */
  readonly hub: Sentences | null
}

/** A catalogue that is not the English one. */
export interface Translated extends Catalogue {
  readonly hub: Sentences
}
