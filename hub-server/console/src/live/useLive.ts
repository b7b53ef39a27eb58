// Keeps every answer on the screen fresh while somebody is logged in.
import { useEffect, useState } from 'react'

import { queries, SESSION } from '../api/queries'
import { follow } from './connection'
import { outdatedBy, type Phase } from './resume'

/** A burst of news leads to one round of questions. */
const GATHER_MS = 250

/** How the stream stands; null for who follows none. */
export function useLive(follows: boolean): Phase | null {
  const [phase, setPhase] = useState<Phase>('connecting')
  useEffect(() => {
    if (!follows) return
    const outdated = new Set<string>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const refresh = () => {
      timer = undefined
      for (const key of outdated) void queries.invalidateQueries({ queryKey: [key] })
      outdated.clear()
    }
    const stop = follow({
      onState: (state) => setPhase(state.phase),
      onNews: (kind) => {
        // The hub no longer keeps all that happened since the last message.
        if (kind === 'reset') void queries.invalidateQueries()
        for (const key of outdatedBy(kind)) outdated.add(key)
        timer ??= setTimeout(refresh, GATHER_MS)
      },
      onGap: () => void queries.invalidateQueries(),
      onRefused: () => queries.setQueryData(SESSION, null),
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [follows])
  return follows ? phase : null
}
