// Whether what is on the screen is live.
import { Tooltip } from '@mantine/core'

import type { Phase } from '../live/resume'
import { text } from '../strings'
import classes from './shell.module.css'

export function ConnectionMark({ phase }: { phase: Phase }) {
  const live = phase === 'live'
  const word = live
    ? text.connection.live
    : phase === 'connecting'
      ? text.connection.connecting
      : text.connection.reconnecting
  return (
    <Tooltip label={live ? text.connection.liveWhy : text.connection.reconnectingWhy} multiline w={240}>
      <span className={classes.connection} data-phase={phase} role="status">
        <span className={classes.pulse} aria-hidden="true" />
        {word}
      </span>
    </Tooltip>
  )
}
