// Short messages at the edge of the screen.
import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'

import { text } from '../strings'
import { explain } from './Failure'

/** Says that something worked; `undo` offers to take it back. */
export function say(message: string, undo?: () => void): void {
  const id = notifications.show({
    color: 'green',
    autoClose: undo ? 10_000 : 4_000,
    message: undo ? (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            notifications.hide(id)
            undo()
          }}
        >
          {text.action.undo}
        </Button>
      </Group>
    ) : (
      message
    ),
  })
}

/** Says that something failed. */
export function complain(error: unknown): void {
  notifications.show({ color: 'red', title: text.failure.title, message: explain(error), autoClose: 8_000 })
}
