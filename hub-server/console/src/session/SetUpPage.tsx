// The first start: opened by the one-time link that the hub printed.
import {
  Alert,
  Anchor,
  Button,
  Divider,
  Input,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { api, take } from '../api'
import { sortFaults } from '../parts/Failure'
import { text } from '../strings'
import { Doorway } from './Doorway'
import { setUpToken } from './inside'
import { enter } from './session'

const FIELDS = ['token', 'organisation', 'site', 'time_zone', 'name', 'password'] as const

export default function SetUpPage() {
  const navigate = useNavigate()
  const setup = useQuery({ queryKey: ['setup'], queryFn: () => take(api.GET('/api/v1/setup')) })
  const [given] = useState(() => setUpToken(window.location.hash, window.location.search))
  const [form, setForm] = useState({
    token: given,
    organisation: '',
    site: '',
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    name: '',
    password: '',
  })
  const setUp = useMutation({
    mutationFn: () => take(api.POST('/api/v1/setup', { body: form })),
    onSuccess: (session) => {
      enter(session)
      void navigate('/checklist', { replace: true })
    },
  })
  const faults = sortFaults(setUp.error, FIELDS)
  const field = (key: (typeof FIELDS)[number]) => ({
    value: form[key],
    error: faults.fields[key],
    required: true,
    withAsterisk: false,
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget
      setForm((old) => ({ ...old, [key]: value }))
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setUp.mutate()
  }

  if (setup.data && !setup.data.needed && !setUp.isSuccess) {
    return (
      <Doorway title={text.setUp.title} lead={text.setUp.done}>
        <Anchor component={Link} to="/login">
          {text.setUp.toLogIn}
        </Anchor>
      </Doorway>
    )
  }
  const owner = setup.data?.organisation
  return (
    <Doorway title={text.setUp.title} lead={owner ? text.setUp.leadOf(owner) : text.setUp.lead} wide>
      <form onSubmit={submit}>
        <Stack>
          {faults.rest && (
            <Alert color="red" role="alert">
              {faults.rest}
            </Alert>
          )}
          {(!given || faults.fields.token) && (
            <TextInput
              label={text.setUp.token}
              description={text.setUp.tokenWhy}
              autoComplete="off"
              {...field('token')}
            />
          )}
          {!owner && (
            <>
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <TextInput
                  label={text.setUp.organisation}
                  description={text.setUp.organisationWhy}
                  autoComplete="organization"
                  {...field('organisation')}
                />
                <TextInput
                  label={text.setUp.site}
                  description={text.setUp.siteWhy}
                  autoComplete="off"
                  {...field('site')}
                />
              </SimpleGrid>
              <Select
                label={text.setUp.timeZone}
                description={text.setUp.timeZoneWhy}
                data={timeZones(form.time_zone)}
                searchable
                allowDeselect={false}
                value={form.time_zone}
                error={faults.fields.time_zone}
                onChange={(value) => setForm((old) => ({ ...old, time_zone: value ?? old.time_zone }))}
              />
            </>
          )}
          <Divider label={text.setUp.you} labelPosition="left" />
          <SimpleGrid cols={{ base: 1, sm: 2 }} verticalSpacing="xs">
            <TextInput
              label={text.setUp.name}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              {...field('name')}
            />
            <PasswordInput
              label={text.setUp.password}
              autoComplete="new-password"
              minLength={8}
              {...field('password')}
            />
          </SimpleGrid>
          <Input.Description>{text.setUp.passwordWhy}</Input.Description>
          <Button type="submit" size="md" loading={setUp.isPending}>
            {text.setUp.submit}
          </Button>
        </Stack>
      </form>
    </Doorway>
  )
}

function timeZones(own: string): string[] {
  return [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone')])]
}
