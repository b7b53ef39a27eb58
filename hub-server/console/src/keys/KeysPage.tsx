// The API keys of the organisation: how programs call the hub.
import {
  Alert,
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type ApiKey, take } from '../api'
import { queries } from '../api/queries'
import { wordOf } from '../format/word'
import { Empty } from '../parts/Empty'
import { Failure, sortFaults } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { complain, say } from '../parts/toast'
import { When } from '../parts/When'
import { inOrder } from '../roles/order'
import { useSession } from '../session/session'
import { text } from '../strings'
import { endOf, stateOf } from './state'

const refresh = () => void queries.invalidateQueries({ queryKey: ['keys'] })

export default function KeysPage() {
  const [creating, setCreating] = useState(false)
  const keys = useQuery({
    queryKey: ['keys'],
    queryFn: async () => (await take(api.GET('/api/v1/keys'))).items,
  })
  return (
    <>
      <PageHead title={text.keys.title} lead={text.keys.lead}>
        <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setCreating(true)}>
          {text.keys.create}
        </Button>
      </PageHead>
      {keys.error && <Failure error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.isPending && <Lines count={3} />}
      {keys.data?.length === 0 && <Empty icon={<IconKey />} title={text.keys.empty} why={text.keys.emptyWhy} />}
      {keys.data && keys.data.length > 0 && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.keys.name}</th>
                <th>{text.keys.owner}</th>
                <th>{text.keys.rights}</th>
                <th>{text.keys.used}</th>
                <th>{text.keys.until}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {keys.data.map((key) => (
                <KeyRow key={key.id} shown={key} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {creating && <NewKey onClose={() => setCreating(false)} />}
    </>
  )
}

function KeyRow({ shown }: { shown: ApiKey }) {
  const [sure, setSure] = useState(false)
  const state = stateOf(shown, new Date())
  const revoke = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/keys/{id}', { params: { path: { id: shown.id } } })),
    onSuccess: () => {
      refresh()
      say(text.keys.revoked(shown.name))
    },
    onError: complain,
  })
  return (
    <tr>
      <td>
        <Text fw={600} size="sm">
          {shown.name}
        </Text>
        <Code>{shown.prefix}…</Code>
      </td>
      <td data-label={text.keys.owner}>{shown.account.name}</td>
      <td data-label={text.keys.rights}>
        {inOrder(shown.rights)
          .map((right) => wordOf(text.right, right))
          .join(' · ')}
      </td>
      <td data-label={text.keys.used}>
        {shown.last_used_at ? (
          <>
            <When at={shown.last_used_at} /> · {shown.last_address}
          </>
        ) : (
          text.keys.never
        )}
      </td>
      <td data-label={text.keys.until}>
        {state === 'revoked' && <Mark tone="bad">{text.keys.state.revoked}</Mark>}
        {state === 'over' && <Mark tone="quiet">{text.keys.state.over}</Mark>}
        {state === 'holds' && (shown.expires_at ? <When at={shown.expires_at} /> : text.keys.forEver)}
      </td>
      <td>
        {state === 'holds' && (
          <Button
            size="xs"
            color="red"
            variant={sure ? 'filled' : 'light'}
            loading={revoke.isPending}
            aria-label={text.keys.revokeNamed(shown.name)}
            onClick={() => (sure ? revoke.mutate() : setSure(true))}
          >
            {sure ? text.keys.revokeSurely : text.keys.revoke}
          </Button>
        )}
      </td>
    </tr>
  )
}

function NewKey({ onClose }: { onClose: () => void }) {
  const own = useSession().data?.rights ?? []
  const [name, setName] = useState('')
  const [rights, setRights] = useState<string[]>([])
  const [days, setDays] = useState<string>('90')
  const create = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/keys', { body: { name, rights, expires_at: endOf(Number(days), new Date()) } })),
    onSuccess: refresh,
  })
  const faults = sortFaults(create.error, ['name', 'rights', 'expires_at'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    create.mutate()
  }
  if (create.data) return <Secret secret={create.data.secret} onClose={onClose} />
  return (
    <Modal opened onClose={onClose} title={text.keys.create} size="lg" centered>
      <form onSubmit={submit}>
        <Stack>
          {faults.rest && (
            <Alert color="red" role="alert">
              {faults.rest}
            </Alert>
          )}
          <TextInput
            label={text.keys.name}
            description={text.keys.nameWhy}
            required
            withAsterisk={false}
            data-autofocus
            value={name}
            error={faults.fields.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Checkbox.Group
            label={text.keys.rights}
            description={text.keys.rightsWhy}
            value={rights}
            error={faults.fields.rights}
            onChange={setRights}
          >
            <SimpleGrid cols={{ base: 1, sm: 2 }} mt={6} spacing="xs">
              {inOrder(own).map((right) => (
                <Checkbox key={right} value={right} label={wordOf(text.right, right)} />
              ))}
            </SimpleGrid>
          </Checkbox.Group>
          <Select
            label={text.keys.until}
            data={[...text.keys.spans]}
            value={days}
            allowDeselect={false}
            error={faults.fields.expires_at}
            onChange={(value) => setDays(value ?? '90')}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.action.cancel}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {text.keys.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={text.keys.secret} centered closeOnClickOutside={false}>
      <Stack>
        <Text size="sm">{text.keys.secretWhy}</Text>
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
          <Button onClick={onClose}>{text.keys.secretKept}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
