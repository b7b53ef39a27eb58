// What the hub says in English, and how it is found again in other languages. `#` stands for a number.

/** The hub's sentences and reasons that the console knows; the English ones are shown as they come. */
export type Sentence =
  // Whole sentences: conflicts and refusals.
  | 'A key has no rights that you do not have.'
  | 'A sheet is for the whole organisation; your account is limited to sites.'
  | 'After this nobody could manage accounts. Give another account that right first.'
  | 'An account has this role. Give it another one first.'
  | 'An edge of this name is enrolled already.'
  | 'An organisation has at most # permits in force.'
  | 'An organisation has at most # keys that hold. Revoke one first.'
  | 'An organisation has at most # roles.'
  | 'No edge runs this gate.'
  | 'No second factor is being set up.'
  | 'The X-CSRF-Token header is missing or wrong. Load the page again.'
  | 'The administrator always has every right.'
  | 'The request came from another site.'
  | "The roles from the start can't be removed."
  | 'This hub is set up already.'
  | 'This permit also holds at sites that your account does not reach.'
  | 'This permit is in force already.'
  | 'This permit is withdrawn already.'
  | 'This plate has a permit in force already.'
  | 'This role has rights that yours does not have.'
  | 'This vehicle is on site already.'
  | 'This visit is closed already.'
  | 'Your role does not have this right.'
  | 'Your role needs a second factor. Set one up on the page of your account.'
  | 'Your second factor is on. Turn it off to set up another.'
  // Reasons behind the name of a field.
  | 'a sheet has at most # bytes'
  | 'a sheet has at most # permits'
  | 'at most # characters'
  | 'at most # gates; none means all'
  | 'control characters are not text'
  | 'has at most # bytes'
  | 'has control characters'
  | 'has more than # characters'
  | 'is already taken'
  | 'is empty'
  | 'is more than two years ahead'
  | 'is no role of this organisation'
  | 'is no site of this organisation'
  | 'is not one of your sites'
  | 'is not that of the newest set-up link; `hub-server setup-link` prints a new one'
  | 'is not the name of a time zone, such as Europe/Madrid'
  | 'is not the one that is shown now'
  | 'is not your password'
  | 'is one that everybody tries first, or only a little changed'
  | 'is over already'
  | 'is the one that you have'
  | 'line # has the same plate'
  | 'must be # to # characters in one line'
  | 'must be before until'
  | 'must be later than valid_from'
  | 'must name a right'
  | 'needs a digit'
  | 'needs a lower-case letter'
  | 'needs an upper-case letter'
  | 'needs at least # characters'
  | 'this column is missing'
  | 'this column stands twice'
  | 'this line is not CSV'
  | 'write a date such as #-#-#, or a moment such as #-#-#T#:#:#Z'
  | 'write yes or no'

/** The sentences in another language; null where the hub's own are understood. */
export type Sentences = Readonly<Record<Sentence, string>>

/** A sentence of the hub in another language, with its numbers; null if it is not known. */
export function translated(sentences: Sentences, said: string): string | null {
  const numbers = said.match(/\d+/g) ?? []
  const key = said.replace(/\d+/g, '#')
  if (!Object.hasOwn(sentences, key)) return null
  let next = 0
  return sentences[key as Sentence].replace(/#/g, () => numbers[next++] ?? '')
}
