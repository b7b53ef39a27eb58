// The roles of the organisation: what an account that has one may do.
import {
  Alert,
  Button,
  Checkbox,
  Drawer,
  Group,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { useRoles } from '../accounts/RoleAndSites'
import { api, type RoleOfOrganisation, take } from '../api'
import { queries } from '../api/queries'
import { wordOf } from '../format/word'
import { Failure, sortFaults } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { say } from '../parts/toast'
import { useSession } from '../session/session'
import { text } from '../strings'
import { inOrder } from './order'

export default function RolesPage() {
  const roles = useRoles()
  const [chosen, setChosen] = useState<RoleOfOrganisation | null>(null)
  const [creating, setCreating] = useState(false)
  const close = () => {
    setChosen(null)
    setCreating(false)
  }
  return (
    <>
      <PageHead title={text.roles.title} lead={text.roles.lead}>
        <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setCreating(true)}>
          {text.roles.create}
        </Button>
      </PageHead>
      {roles.error && <Failure error={roles.error} onRetry={() => void roles.refetch()} />}
      {roles.isPending && <Lines count={5} />}
      {roles.data && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.roles.name}</th>
                <th>{text.roles.rights}</th>
              </tr>
            </thead>
            <tbody>
              {roles.data.map((role) => (
                <tr key={role.id}>
                  <td>
                    <Group gap="xs" wrap="nowrap">
                      <UnstyledButton
                        onClick={() => setChosen(role)}
                        aria-label={text.roles.edit(wordOf(text.role, role.name))}
                        td="underline"
                      >
                        <Text fw={600} size="sm" span>
                          {wordOf(text.role, role.name)}
                        </Text>
                      </UnstyledButton>
                      {role.needs_second_factor && <Mark tone="good">{text.roles.needsFactor}</Mark>}
                      {role.seeded && <Mark tone="quiet">{text.roles.seeded}</Mark>}
                    </Group>
                  </td>
                  <td data-label={text.roles.rights}>
                    {role.fixed
                      ? text.roles.every
                      : inOrder(role.rights)
                          .map((right) => wordOf(text.right, right))
                          .join(' · ') || text.roles.none}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(chosen ?? creating) && (
        <Drawer
          opened
          onClose={close}
          position="right"
          size="md"
          title={chosen ? text.roles.edit(wordOf(text.role, chosen.name)) : text.roles.create}
        >
          <RoleForm role={chosen} onDone={close} />
        </Drawer>
      )}
    </>
  )
}

function RoleForm({ role, onDone }: { role: RoleOfOrganisation | null; onDone: () => void }) {
  // Nobody gives a right that he does not have, so only those are offered beside the ones that the role has.
  const own = useSession().data?.rights ?? []
  const offered = inOrder([...new Set([...own, ...(role?.rights ?? [])])])
  const [name, setName] = useState(role?.name ?? '')
  const [rights, setRights] = useState<string[]>(role?.rights ?? [])
  const [needsFactor, setNeedsFactor] = useState(role?.needs_second_factor ?? false)
  const [sure, setSure] = useState(false)
  const done = (sentence: string) => () => {
    void queries.invalidateQueries({ queryKey: ['roles'] })
    say(sentence)
    onDone()
  }
  const save = useMutation({
    mutationFn: () => {
      const body = { name, rights, needs_second_factor: needsFactor }
      return role
        ? take(api.PUT('/api/v1/roles/{id}', { params: { path: { id: role.id } }, body }))
        : take(api.POST('/api/v1/roles', { body }))
    },
    onSuccess: done(text.roles.saved(name)),
  })
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/roles/{id}', { params: { path: { id: role?.id ?? '' } } })),
    onSuccess: done(text.roles.removed(name)),
  })
  const faults = sortFaults(save.error ?? remove.error, ['name'])
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
        <TextInput
          label={text.roles.name}
          required
          withAsterisk={false}
          disabled={role?.seeded ?? false}
          description={role?.seeded ? text.roles.seededWhy : null}
          value={name}
          error={faults.fields.name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {role?.fixed ? (
          <Text size="sm">{text.roles.fixedWhy}</Text>
        ) : (
          <Checkbox.Group label={text.roles.rights} value={rights} onChange={setRights}>
            <SimpleGrid cols={{ base: 1, sm: 2 }} mt={6} spacing="xs">
              {offered.map((right) => (
                <Checkbox key={right} value={right} label={wordOf(text.right, right)} />
              ))}
            </SimpleGrid>
          </Checkbox.Group>
        )}
        <Checkbox
          label={text.roles.needsFactorLabel}
          description={text.roles.needsFactorWhy}
          checked={needsFactor}
          onChange={(event) => setNeedsFactor(event.currentTarget.checked)}
        />
        <Group justify={role && !role.seeded ? 'space-between' : 'flex-end'}>
          {role && !role.seeded && (
            <Button
              color="red"
              variant={sure ? 'filled' : 'light'}
              loading={remove.isPending}
              onClick={() => (sure ? remove.mutate() : setSure(true))}
            >
              {sure ? text.roles.removeSurely : text.roles.remove}
            </Button>
          )}
          <Button type="submit" loading={save.isPending}>
            {text.action.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
