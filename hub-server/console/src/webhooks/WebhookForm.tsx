// Making, changing and removing a webhook. Its secret is shown once.
import {
  Alert,
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, take, type Webhook } from '../api'
import { queries } from '../api/queries'
import { sortFaults } from '../parts/Failure'
import { complain, say } from '../parts/toast'
import { text } from '../strings'

const KINDS = ['passage', 'visit', 'order', 'edge', 'input', 'camera', 'camera_settings', 'permit', 'webhook'] as const

const refresh = () => void queries.invalidateQueries({ queryKey: ['webhooks'] })

export function WebhookForm({ hook, onClose }: { hook: Webhook | null; onClose: () => void }) {
  const [name, setName] = useState(hook?.name ?? '')
  const [url, setUrl] = useState(hook?.url ?? '')
  const [kinds, setKinds] = useState<string[]>(hook?.kinds ?? [])
  const [paused, setPaused] = useState(hook?.state === 'paused')
  const [secret, setSecret] = useState<string | null>(null)
  const path = { params: { path: { id: hook?.id ?? '' } } }
  const save = useMutation({
    mutationFn: async () => {
      const body = { name, url, kinds: kinds.length > 0 ? kinds : null, sites: hook?.sites ?? null, paused }
      if (hook) {
        await take(api.PUT('/api/v1/webhooks/{id}', { ...path, body }))
        return null
      }
      return (await take(api.POST('/api/v1/webhooks', { body }))).secret
    },
    onSuccess: (made) => {
      refresh()
      if (made) setSecret(made)
      else onClose()
    },
  })
  const renew = useMutation({
    mutationFn: () => take(api.POST('/api/v1/webhooks/{id}/secret', path)),
    onSuccess: (made) => setSecret(made.secret),
    onError: complain,
  })
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/webhooks/{id}', path)),
    onSuccess: () => {
      refresh()
      onClose()
      say(text.webhooks.removed(name), () => {
        take(api.POST('/api/v1/webhooks/{id}/restore', path)).then(() => {
          refresh()
          say(text.webhooks.restored(name))
        }, complain)
      })
    },
    onError: complain,
  })
  const faults = sortFaults(save.error, ['name', 'url', 'kinds'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate()
  }
  if (secret) return <Secret secret={secret} onClose={onClose} />
  return (
    <Modal opened onClose={onClose} title={hook ? text.webhooks.change : text.webhooks.create} size="lg" centered>
      <form onSubmit={submit}>
        <Stack>
          {faults.rest && (
            <Alert color="red" role="alert">
              {faults.rest}
            </Alert>
          )}
          <TextInput
            label={text.webhooks.name}
            required
            withAsterisk={false}
            data-autofocus
            value={name}
            error={faults.fields.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={text.webhooks.url}
            description={text.webhooks.urlWhy}
            type="url"
            required
            withAsterisk={false}
            value={url}
            error={faults.fields.url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Checkbox.Group
            label={text.webhooks.kinds}
            description={text.webhooks.kindsWhy}
            value={kinds}
            error={faults.fields.kinds}
            onChange={setKinds}
          >
            <SimpleGrid cols={{ base: 1, sm: 2 }} mt={6} spacing="xs">
              {KINDS.map((kind) => (
                <Checkbox key={kind} value={kind} label={text.webhooks.kind[kind]} />
              ))}
            </SimpleGrid>
          </Checkbox.Group>
          <Checkbox
            label={text.webhooks.paused}
            checked={paused}
            onChange={(event) => setPaused(event.currentTarget.checked)}
          />
          <Group justify="space-between">
            <Group gap="xs">
              {hook && (
                <>
                  <Button color="red" variant="light" loading={remove.isPending} onClick={() => remove.mutate()}>
                    {text.webhooks.remove}
                  </Button>
                  <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
                    {text.webhooks.renew}
                  </Button>
                </>
              )}
            </Group>
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                {text.action.cancel}
              </Button>
              <Button type="submit" loading={save.isPending}>
                {hook ? text.webhooks.save : text.webhooks.submit}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={text.webhooks.secret} centered closeOnClickOutside={false}>
      <Stack>
        <Text size="sm">{text.webhooks.secretWhy}</Text>
        <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {secret}
        </Code>
        <Group justify="flex-end">
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? text.action.copied : text.action.copy}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>{text.webhooks.secretKept}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
