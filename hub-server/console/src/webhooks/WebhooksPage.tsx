// Webhooks: who outside is told what happens, and how that goes.
import { ActionIcon, Button, Code, Group, Text } from '@mantine/core'
import { IconPencil, IconPlus, IconSend, IconWebhook } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, take, type Webhook } from '../api'
import { wordOf } from '../format/word'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark, type Tone } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { When } from '../parts/When'
import { text } from '../strings'
import { Deliveries } from './Deliveries'
import { WebhookForm } from './WebhookForm'

export default function WebhooksPage() {
  const [edited, setEdited] = useState<Webhook | 'new' | null>(null)
  const [followed, setFollowed] = useState<Webhook | null>(null)
  const list = useQuery({
    queryKey: ['webhooks'],
    queryFn: async () => (await take(api.GET('/api/v1/webhooks'))).items,
    refetchInterval: 15_000,
  })
  return (
    <>
      <PageHead title={text.webhooks.title} lead={text.webhooks.lead}>
        <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setEdited('new')}>
          {text.webhooks.create}
        </Button>
      </PageHead>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Lines count={3} />}
      {list.data?.length === 0 && (
        <Empty icon={<IconWebhook />} title={text.webhooks.empty} why={text.webhooks.emptyWhy} />
      )}
      {list.data && list.data.length > 0 && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.webhooks.name}</th>
                <th>{text.webhooks.status}</th>
                <th>{text.webhooks.kinds}</th>
                <th>{text.webhooks.waiting}</th>
                <th>{text.webhooks.letters}</th>
                <th>{text.webhooks.lastSuccess}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {list.data.map((hook) => (
                <HookRow key={hook.id} hook={hook} onEdit={setEdited} onFollow={setFollowed} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {edited && <WebhookForm hook={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />}
      {followed && <Deliveries hook={followed} onClose={() => setFollowed(null)} />}
    </>
  )
}

function HookRow({
  hook,
  onEdit,
  onFollow,
}: {
  hook: Webhook
  onEdit: (hook: Webhook) => void
  onFollow: (hook: Webhook) => void
}) {
  const [tone, word] = stateOf(hook)
  return (
    <tr>
      <td>
        <Text fw={600} size="sm">
          {hook.name}
        </Text>
        <Code style={{ overflowWrap: 'anywhere' }}>{hook.url}</Code>
      </td>
      <td data-label={text.webhooks.status}>
        <Mark tone={tone}>{word}</Mark>
        {hook.last_error && (
          <Text size="xs" c="dimmed">
            {hook.last_error}
          </Text>
        )}
      </td>
      <td data-label={text.webhooks.kinds}>
        {hook.kinds?.map((kind) => wordOf(text.webhooks.kind, kind)).join(' · ') ?? text.webhooks.allKinds}
      </td>
      <td data-label={text.webhooks.waiting}>{hook.waiting}</td>
      <td data-label={text.webhooks.letters}>{hook.dead_letters}</td>
      <td data-label={text.webhooks.lastSuccess}>
        {hook.last_success_at ? <When at={hook.last_success_at} /> : text.webhooks.never}
      </td>
      <td>
        <Group gap="xs" wrap="nowrap">
          <ActionIcon variant="default" aria-label={text.webhooks.more(hook.name)} onClick={() => onFollow(hook)}>
            <IconSend size={16} aria-hidden="true" />
          </ActionIcon>
          <ActionIcon variant="default" aria-label={text.webhooks.edit(hook.name)} onClick={() => onEdit(hook)}>
            <IconPencil size={16} aria-hidden="true" />
          </ActionIcon>
        </Group>
      </td>
    </tr>
  )
}

function stateOf(hook: Webhook): [Tone, string] {
  if (hook.state === 'failed') return ['bad', text.webhooks.state.failed]
  if (hook.state === 'paused') return ['quiet', text.webhooks.state.paused]
  if (hook.failing_since) return ['warn', text.webhooks.state.failing]
  return ['good', text.webhooks.state.on]
}
