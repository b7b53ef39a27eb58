// What became of a webhook's events: a test, the newest attempts, and dead letters to be sent again.
import { Button, Drawer, Group, Stack, Text, Title } from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'

import { api, take, type Webhook } from '../api'
import { queries } from '../api/queries'
import { wordOf } from '../format/word'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { MorePages } from '../parts/MorePages'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { complain, say } from '../parts/toast'
import { When } from '../parts/When'
import { text } from '../strings'

export function Deliveries({ hook, onClose }: { hook: Webhook; onClose: () => void }) {
  const id = hook.id
  const path = { id }
  const refresh = () => void queries.invalidateQueries({ queryKey: ['webhooks'] })
  const attempts = usePages(['webhooks', id, 'deliveries'], (cursor) =>
    take(api.GET('/api/v1/webhooks/{id}/deliveries', { params: { path, query: { cursor, limit: 50 } } })),
  )
  const letters = usePages(['webhooks', id, 'dead-letters'], (cursor) =>
    take(api.GET('/api/v1/webhooks/{id}/dead-letters', { params: { path, query: { cursor, limit: 50 } } })),
  )
  const test = useMutation({
    mutationFn: () => take(api.POST('/api/v1/webhooks/{id}/test', { params: { path } })),
    onSuccess: (delivery) => {
      refresh()
      if (delivery.error) complain(new Error(text.webhooks.testBad(delivery.error)))
      else say(text.webhooks.testGood)
    },
    onError: complain,
  })
  const replay = useMutation({
    mutationFn: (number: number | null) =>
      number === null
        ? take(api.POST('/api/v1/webhooks/{id}/dead-letters/replay', { params: { path } }))
        : take(api.POST('/api/v1/webhooks/{id}/dead-letters/{number}/replay', { params: { path: { id, number } } })),
    onSuccess: ({ count }) => {
      refresh()
      say(text.webhooks.replayed(count))
    },
    onError: complain,
  })
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={text.webhooks.more(hook.name)}>
      <Stack>
        <Group>
          <Button
            leftSection={<IconSend size={16} aria-hidden="true" />}
            loading={test.isPending}
            onClick={() => test.mutate()}
          >
            {text.webhooks.test}
          </Button>
        </Group>
        {letters.items && letters.items.length > 0 && (
          <section>
            <Group justify="space-between" mb="xs">
              <Title order={2} size="h4">
                {text.webhooks.letters}
              </Title>
              <Button size="xs" variant="default" loading={replay.isPending} onClick={() => replay.mutate(null)}>
                {text.webhooks.replayAll}
              </Button>
            </Group>
            <table className={parts.table}>
              <tbody>
                {letters.items.map((letter) => (
                  <tr key={letter.number}>
                    <td>
                      {wordOf(text.webhooks.kind, letter.kind)}
                      <Text size="xs" c="dimmed">
                        {letter.error}
                      </Text>
                    </td>
                    <td>
                      <When at={letter.died_at} />
                    </td>
                    <td>
                      <Button
                        size="xs"
                        variant="default"
                        loading={replay.isPending}
                        onClick={() => replay.mutate(letter.number)}
                      >
                        {text.webhooks.replay}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <MorePages list={letters} />
          </section>
        )}
        <section>
          <Title order={2} size="h4" mb="xs">
            {text.webhooks.deliveries}
          </Title>
          {attempts.error && <Failure error={attempts.error} onRetry={() => void attempts.refetch()} />}
          {attempts.isPending && <Lines count={3} />}
          {attempts.items?.length === 0 && (
            <Empty icon={<IconSend />} title={text.webhooks.noDeliveries} why={text.webhooks.noDeliveriesWhy} />
          )}
          {attempts.items && attempts.items.length > 0 && (
            <table className={parts.table}>
              <tbody>
                {attempts.items.map((one) => (
                  <tr key={`${one.event}-${one.at}-${one.attempt}`}>
                    <td>
                      {wordOf(text.webhooks.kind, one.kind)}
                      <Text size="xs" c="dimmed">
                        {text.webhooks.attempt(one.attempt)}
                      </Text>
                    </td>
                    <td>
                      <Mark tone={one.error ? 'bad' : 'good'}>{one.error || text.webhooks.taken}</Mark>
                    </td>
                    <td>
                      <When at={one.at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <MorePages list={attempts} />
        </section>
      </Stack>
    </Drawer>
  )
}
