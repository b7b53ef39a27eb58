// The verdict as a word with a sign.
import { IconArrowUpRight, IconBan, IconHelp } from '@tabler/icons-react'

import type { Outcome } from '../api'
import { Mark } from '../parts/Mark'
import { text } from '../strings'

const SIGNS = {
  open: { tone: 'good', icon: IconArrowUpRight },
  deny: { tone: 'bad', icon: IconBan },
  ask: { tone: 'warn', icon: IconHelp },
} as const

export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  const { tone, icon: Sign } = SIGNS[outcome]
  return (
    <Mark tone={tone} icon={<Sign size={15} stroke={2.4} aria-hidden="true" />}>
      {text.outcome[outcome]}
    </Mark>
  )
}
