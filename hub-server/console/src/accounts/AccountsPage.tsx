// The accounts of the organisation, for its administrators.
import { Alert, Button, Group, Modal, PasswordInput, Radio, Stack, Text, TextInput } from '@mantine/core'
import { IconPlus, IconUsers } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type Role, take } from '../api'
import { queries } from '../api/queries'
import { wordOf } from '../format/word'
import { Empty } from '../parts/Empty'
import { Failure, sortFaults } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { say } from '../parts/toast'
import { When } from '../parts/When'
import { useSession } from '../session/session'
import { text } from '../strings'

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

export default function AccountsPage() {
  const session = useSession()
  const [creating, setCreating] = useState(false)
  const accounts = useQuery({
    queryKey: ['accounts'],
    queryFn: async () => (await take(api.GET('/api/v1/accounts'))).items,
  })
  return (
    <>
      <PageHead title={text.accounts.title} lead={text.accounts.lead}>
        <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setCreating(true)}>
          {text.accounts.create}
        </Button>
      </PageHead>
      {accounts.error && <Failure error={accounts.error} onRetry={() => void accounts.refetch()} />}
      {accounts.isPending && <Lines count={3} />}
      {accounts.data?.length === 0 && (
        <Empty icon={<IconUsers />} title={text.accounts.title} why={text.accounts.lead} />
      )}
      {accounts.data && accounts.data.length > 0 && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.accounts.name}</th>
                <th>{text.accounts.role}</th>
                <th>{text.accounts.since}</th>
              </tr>
            </thead>
            <tbody>
              {accounts.data.map((account) => (
                <tr key={account.id}>
                  <td>
                    <Group gap="xs">
                      <Text fw={600} size="sm">
                        {account.name}
                      </Text>
                      {account.name === session.data?.account.name && <Mark tone="quiet">{text.accounts.you}</Mark>}
                    </Group>
                  </td>
                  <td data-label={text.accounts.role}>{wordOf(text.role, account.role)}</td>
                  <td data-label={text.accounts.since}>
                    <When at={account.created_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </>
  )
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<Role>('operator')
  const create = useMutation({
    mutationFn: () => take(api.POST('/api/v1/accounts', { body: { name, password, role } })),
    onSuccess: (account) => {
      void queries.invalidateQueries({ queryKey: ['accounts'] })
      say(text.accounts.made(account.name))
      onClose()
    },
  })
  const faults = sortFaults(create.error, ['name', 'password'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <Modal opened onClose={onClose} title={text.accounts.create} centered>
      <form onSubmit={submit}>
        <Stack>
          {faults.rest && (
            <Alert color="red" role="alert">
              {faults.rest}
            </Alert>
          )}
          <TextInput
            label={text.accounts.name}
            required
            withAsterisk={false}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
            value={name}
            error={faults.fields.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Radio.Group
            label={text.accounts.role}
            value={role}
            onChange={(value) => setRole(ROLES.find((one) => one === value) ?? 'viewer')}
          >
            <Stack gap="xs" mt={6}>
              {ROLES.map((value) => (
                <Radio key={value} value={value} label={text.role[value]} description={text.accounts.roleWhy[value]} />
              ))}
            </Stack>
          </Radio.Group>
          <PasswordInput
            label={text.accounts.password}
            description={text.accounts.passwordWhy}
            required
            withAsterisk={false}
            minLength={8}
            autoComplete="new-password"
            value={password}
            error={faults.fields.password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.action.cancel}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {text.accounts.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
