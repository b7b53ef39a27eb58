// Says that there is nothing here, and what would bring something.
import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

import classes from './parts.module.css'

export function Empty({
  icon,
  title,
  why,
  children,
}: {
  icon: ReactNode
  title: string
  why: string
  children?: ReactNode
}) {
  return (
    <Stack align="center" gap="xs" className={classes.empty}>
      <span className={classes.emptyIcon}>{icon}</span>
      <Text fw={600}>{title}</Text>
      <Text c="dimmed" size="sm" ta="center" maw={420}>
        {why}
      </Text>
      {children}
    </Stack>
  )
}
