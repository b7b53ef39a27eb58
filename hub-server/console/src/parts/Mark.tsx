// A short word with a colour and a sign: colour alone never tells.
import type { ReactNode } from 'react'

import classes from './parts.module.css'

export type Tone = 'good' | 'bad' | 'warn' | 'quiet'

export function Mark({ tone, icon, children }: { tone: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={`${classes.mark} ${classes[tone]}`}>
      {icon ?? <span className={classes.dot} aria-hidden="true" />}
      {children}
    </span>
  )
}
