// The shape of a catalogue: that of the English one, so that a key missing in another language does not compile.
import type { en } from './en'

/** The same keys with texts of another language; sentences keep what is put into them. */
export type Like<T> = T extends string
  ? string
  : T extends (...given: infer Given) => string
    ? (...given: Given) => string
    : { readonly [Key in keyof T]: Like<T[Key]> }

/** Every text of the console in one language. */
export type Catalogue = Like<typeof en>
