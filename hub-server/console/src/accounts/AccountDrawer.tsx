// Changes an account: role, sites, whether it may log in; a new password, the end of its log-ins, its removal.
import { Alert, Button, Divider, Drawer, Group, PasswordInput, Stack, Switch, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { type Account, api, take } from '../api'
import { queries } from '../api/queries'
import { explain, sortFaults } from '../parts/Failure'
import { say } from '../parts/toast'
import { text } from '../strings'
import { type Place, RoleAndSites } from './RoleAndSites'

const refresh = () => void queries.invalidateQueries({ queryKey: ['accounts'] })

export function AccountDrawer({ account, onClose }: { account: Account; onClose: () => void }) {
  return (
    <Drawer opened onClose={onClose} position="right" size="md" title={text.accounts.edit(account.name)}>
      <Stack gap="lg">
        <Change account={account} onDone={onClose} />
        <Divider />
        <Password account={account} />
        <Divider />
        <Ends account={account} onDone={onClose} />
      </Stack>
    </Drawer>
  )
}

function Change({ account, onDone }: { account: Account; onDone: () => void }) {
  const path = { path: { id: account.id } }
  const [place, setPlace] = useState<Place>({ role: account.role, sites: account.sites ?? null })
  const [disabled, setDisabled] = useState(account.disabled_at != null)
  const save = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/accounts/{id}', { params: path, body: { ...place, disabled } })),
    onSuccess: () => {
      refresh()
      say(text.accounts.saved(account.name))
      onDone()
    },
  })
  const faults = sortFaults(save.error, ['role', 'sites'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {faults.rest && (
          <Alert color="red" role="alert">
            {faults.rest}
          </Alert>
        )}
        <RoleAndSites value={place} faults={faults.fields} onChange={setPlace} />
        <Switch
          label={text.accounts.mayLogIn}
          description={text.accounts.mayLogInWhy}
          checked={!disabled}
          onChange={(event) => setDisabled(!event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {text.action.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Password({ account }: { account: Account }) {
  const [password, setPassword] = useState('')
  const reset = useMutation({
    mutationFn: () =>
      take(api.PUT('/api/v1/accounts/{id}/password', { params: { path: { id: account.id } }, body: { password } })),
    onSuccess: () => {
      setPassword('')
      say(text.accounts.passwordSet(account.name))
    },
  })
  const faults = sortFaults(reset.error, ['password'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    reset.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <PasswordInput
          label={text.accounts.newPassword}
          description={text.accounts.newPasswordWhy}
          required
          withAsterisk={false}
          minLength={8}
          autoComplete="new-password"
          value={password}
          error={faults.fields.password ?? faults.rest}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button type="submit" variant="default" loading={reset.isPending}>
            {text.accounts.setPassword}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Ends({ account, onDone }: { account: Account; onDone: () => void }) {
  const path = { path: { id: account.id } }
  const [sure, setSure] = useState(false)
  const end = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/accounts/{id}/sessions', { params: path })),
    onSuccess: () => say(text.accounts.loggedOut(account.name)),
  })
  const reset = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/accounts/{id}/second-factor', { params: path })),
    onSuccess: () => say(text.accounts.factorReset(account.name)),
  })
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/accounts/{id}', { params: path })),
    onSuccess: () => {
      refresh()
      say(text.accounts.removed(account.name))
      onDone()
    },
  })
  const error = end.error ?? reset.error ?? remove.error
  return (
    <Stack>
      {error && (
        <Alert color="red" role="alert">
          {explain(error)}
        </Alert>
      )}
      <Group justify="space-between">
        <Button variant="default" loading={end.isPending} onClick={() => end.mutate()}>
          {text.accounts.endLogIns}
        </Button>
        <Button variant="default" loading={reset.isPending} onClick={() => reset.mutate()}>
          {text.accounts.resetFactor}
        </Button>
        {sure ? (
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {text.accounts.removeSurely}
          </Button>
        ) : (
          <Button color="red" variant="light" onClick={() => setSure(true)}>
            {text.accounts.remove}
          </Button>
        )}
      </Group>
      {sure && <Text size="sm">{text.accounts.removeWhy}</Text>}
    </Stack>
  )
}
