// What the account prefers, kept by the hub: here, the language.
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'

import { api, type Preferences, take } from '../api'
import { queries } from '../api/queries'
import { choose, type Language } from '../strings'
import { speakFromNowOn } from '../strings/wish'

const KEY = ['preferences'] as const
const PATH = '/api/v1/session/preferences'

/** Uses the language that the account prefers, if it prefers one. */
export function usePreferredLanguage(): void {
  const { data } = useQuery({ queryKey: KEY, queryFn: () => take(api.GET(PATH)), staleTime: 60_000 })
  const preferred = data?.language
  useEffect(() => {
    if (preferred) void speakFromNowOn(choose([preferred]))
  }, [preferred])
}

/** Uses a language at once, here and wherever this account logs in. */
export async function preferLanguage(language: Language): Promise<void> {
  const before = queries.getQueryData<Preferences>(KEY) ?? (await take(api.GET(PATH)))
  const body: Preferences = { ...before, language }
  // First, so that what the account preferred until now does not win over what was just chosen.
  queries.setQueryData(KEY, body)
  await speakFromNowOn(language)
  await take(api.PUT(PATH, { body }))
}
