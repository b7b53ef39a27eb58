// One's own account: the password, and where one is logged in.
import { Alert, Button, Group, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, take } from '../api'
import { queries } from '../api/queries'
import { Failure, sortFaults } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { complain, say } from '../parts/toast'
import { When } from '../parts/When'
import { useSession } from '../session/session'
import { text } from '../strings'
import { SecondFactor } from './SecondFactor'

export default function OwnAccountPage() {
  const name = useSession().data?.account.name ?? ''
  return (
    <>
      <PageHead title={text.own.title(name)} lead={text.own.lead} />
      <Stack gap="xl">
        <SecondFactor />
        <LogIns />
        <Password />
      </Stack>
    </>
  )
}

function LogIns() {
  const logIns = useQuery({
    queryKey: ['sessions'],
    queryFn: async () => (await take(api.GET('/api/v1/sessions'))).items,
  })
  const end = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['sessions'] })
      say(text.own.ended)
    },
    onError: complain,
  })
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        {text.own.logIns}
      </Title>
      {logIns.error && <Failure error={logIns.error} onRetry={() => void logIns.refetch()} />}
      {logIns.isPending && <Lines count={2} />}
      {logIns.data && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.own.browser}</th>
                <th>{text.own.address}</th>
                <th>{text.own.since}</th>
                <th>{text.own.until}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {logIns.data.map((one) => (
                <tr key={one.id}>
                  <td>
                    <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
                      {one.agent || text.own.unknown}
                    </Text>
                  </td>
                  <td data-label={text.own.address}>{one.address}</td>
                  <td data-label={text.own.since}>
                    <When at={one.began_at} />
                  </td>
                  <td data-label={text.own.until}>
                    <When at={one.expires_at} />
                  </td>
                  <td>
                    {one.own ? (
                      <Mark tone="good">{text.own.here}</Mark>
                    ) : (
                      <Button size="xs" variant="default" loading={end.isPending} onClick={() => end.mutate(one.id)}>
                        {text.own.end}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Password() {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const change = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/session/password', { body: { current, password } })),
    onSuccess: () => {
      setCurrent('')
      setPassword('')
      void queries.invalidateQueries({ queryKey: ['sessions'] })
      say(text.own.changed)
    },
  })
  const faults = sortFaults(change.error, ['current', 'password'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    change.mutate()
  }
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        {text.own.password}
      </Title>
      <form onSubmit={submit}>
        <Stack maw={420}>
          {faults.rest && (
            <Alert color="red" role="alert">
              {faults.rest}
            </Alert>
          )}
          <PasswordInput
            label={text.own.current}
            required
            withAsterisk={false}
            autoComplete="current-password"
            value={current}
            error={faults.fields.current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label={text.own.next}
            description={text.own.nextWhy}
            required
            withAsterisk={false}
            minLength={8}
            autoComplete="new-password"
            value={password}
            error={faults.fields.password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Group>
            <Button type="submit" loading={change.isPending}>
              {text.own.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </section>
  )
}
