// Asks for the next page of a list.
import { Button, Center } from '@mantine/core'

import { text } from '../strings'

export function MorePages({
  list,
}: {
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}) {
  if (!list.hasNextPage) return null
  return (
    <Center mt="md">
      <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
        {text.action.more}
      </Button>
    </Center>
  )
}
