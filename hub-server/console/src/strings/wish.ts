// Which language a person wants: the account's preference, else what was chosen in this browser, else the browser's own.
import { choose, type Language, languageInUse, speak } from '.'

const KEPT = 'gatewarden-language'

/** Uses the language that this browser is known to want. */
export async function speakAtStart(): Promise<void> {
  await take(choose([kept(), ...navigator.languages]))
}

/** Uses this language, and remembers it for the next visit before anybody is logged in. */
export async function speakFromNowOn(language: Language): Promise<void> {
  try {
    localStorage.setItem(KEPT, language)
  } catch {
    // A browser that keeps nothing asks for the language again at the next visit.
  }
  if (language !== languageInUse()) await take(language)
}

async function take(language: Language): Promise<void> {
  try {
    await speak(language, navigator.languages)
  } catch {
    // The texts could not be fetched: those in use stay, which is better than none.
  }
  document.documentElement.lang = languageInUse()
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT)
  } catch {
    return null
  }
}
