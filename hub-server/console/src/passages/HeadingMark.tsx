// Which way a vehicle went through the camera's picture; nothing where that was not clear.
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'

import type { Passage } from '../api'
import { Mark } from '../parts/Mark'
import { text } from '../strings'

export function HeadingMark({ heading }: { heading: Passage['heading'] }) {
  if (!heading) return null
  // Towards the camera is down in its picture, away from it up.
  const Arrow = heading === 'leaving' ? IconArrowUp : IconArrowDown
  return (
    <Mark tone="quiet" icon={<Arrow size={14} aria-hidden="true" />}>
      {text.heading[heading]}
    </Mark>
  )
}
