// Grey lines in the place of a list that is on its way.
import { Skeleton, Stack } from '@mantine/core'

import { text } from '../strings'

export function Lines({ count = 6, height = 52 }: { count?: number; height?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label={text.action.loading}>
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} height={height} radius="md" />
      ))}
    </Stack>
  )
}
