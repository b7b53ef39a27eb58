// A moment that keeps its distance right, with the exact time as a hint.
import { useEffect, useState } from 'react'

import { ago, fully, moment } from '../format/time'
import { text } from '../strings'

/** The present moment, a fresh one every so often. */
export function useNow(everyMs = 10_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

export function When({ at, style = 'moment' }: { at: string | null | undefined; style?: 'ago' | 'moment' }) {
  const now = useNow()
  if (!at) return <>{text.time.never}</>
  // News can be a little younger than this component's idea of the present.
  const lead = Date.parse(at) - now
  return (
    <time dateTime={at} title={fully(at)}>
      {style === 'ago' ? ago(at, lead > 0 && lead < 15_000 ? now + lead : now) : moment(at, now)}
    </time>
  )
}
