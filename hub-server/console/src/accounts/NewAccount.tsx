// Makes an account.
import { Alert, Button, Group, Modal, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, take } from '../api'
import { queries } from '../api/queries'
import { sortFaults } from '../parts/Failure'
import { say } from '../parts/toast'
import { text } from '../strings'
import { type Place, RoleAndSites } from './RoleAndSites'

export function NewAccount({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [place, setPlace] = useState<Place>({ role: 'operator', sites: null })
  const create = useMutation({
    mutationFn: () => take(api.POST('/api/v1/accounts', { body: { name, password, ...place } })),
    onSuccess: (account) => {
      void queries.invalidateQueries({ queryKey: ['accounts'] })
      say(text.accounts.made(account.name))
      onClose()
    },
  })
  const faults = sortFaults(create.error, ['name', 'password', 'role', 'sites'])
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
          <RoleAndSites value={place} faults={faults.fields} onChange={setPlace} />
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
