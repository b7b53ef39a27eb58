// A page that broke or could not be loaded: says so and offers to load it again.
import { Button, Center, Stack, Text, Title } from '@mantine/core'

import { text } from '../strings'

export function RouteFailure() {
  return (
    <Center mih="60vh" p="md" role="alert">
      <Stack align="center" gap="sm">
        <Title order={1}>{text.failure.pageTitle}</Title>
        <Text c="dimmed" ta="center">
          {text.failure.pageWhy}
        </Text>
        <Button onClick={() => window.location.reload()}>{text.failure.reload}</Button>
      </Stack>
    </Center>
  )
}
