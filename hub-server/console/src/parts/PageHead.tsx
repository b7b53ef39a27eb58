// A page's title, what it is about, and its main acts. Also names the browser tab.
import { Group, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

import { text } from '../strings'

export function PageHead({ title, lead, children }: { title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    if (typeof title === 'string') document.title = `${title} · ${text.product}`
  }, [title])
  return (
    <Group justify="space-between" align="flex-end" gap="sm" mb="lg">
      <div>
        <Title order={1}>{title}</Title>
        {lead && (
          <Text c="dimmed" size="sm" mt={2}>
            {lead}
          </Text>
        )}
      </div>
      {children && <Group gap="xs">{children}</Group>}
    </Group>
  )
}
