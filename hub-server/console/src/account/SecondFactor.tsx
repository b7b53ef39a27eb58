// The second factor of one's own account: set up with an authenticator, confirmed by a code, turned off again.
import { Alert, Button, Code, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type SecondFactorOffer, take } from '../api'
import { queries, SESSION } from '../api/queries'
import { Failure, sortFaults } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { say } from '../parts/toast'
import { useSession } from '../session/session'
import { text } from '../strings'

const PATH = '/api/v1/session/second-factor'

function refresh(): void {
  void queries.invalidateQueries({ queryKey: ['second-factor'] })
  void queries.invalidateQueries({ queryKey: ['sessions'] })
  void queries.invalidateQueries({ queryKey: SESSION })
}

export function SecondFactor() {
  const needed = useSession().data?.needs_second_factor ?? false
  const [codes, setCodes] = useState<string[] | null>(null)
  const state = useQuery({ queryKey: ['second-factor'], queryFn: () => take(api.GET(PATH)) })
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        {text.own.factor}
      </Title>
      <Stack maw={520}>
        {needed && <Alert color="yellow">{text.own.factorNeeded}</Alert>}
        {state.error && <Failure error={state.error} onRetry={() => void state.refetch()} />}
        {state.isPending && <Lines count={1} />}
        {codes && <Recovery codes={codes} onKept={() => setCodes(null)} />}
        {state.data && !codes && (state.data.on ? <On left={state.data.recovery_codes} /> : <Off onCodes={setCodes} />)}
      </Stack>
    </section>
  )
}

function Off({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const [password, setPassword] = useState('')
  const begin = useMutation({
    mutationFn: () => take(api.POST(PATH, { body: { password } })),
    onSuccess: () => setPassword(''),
  })
  const faults = sortFaults(begin.error, ['password'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    begin.mutate()
  }
  if (begin.data) return <Confirm offer={begin.data} onCodes={onCodes} />
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{text.own.factorOff}</Text>
        <PasswordInput
          label={text.own.current}
          required
          withAsterisk={false}
          autoComplete="current-password"
          value={password}
          error={faults.fields.password ?? faults.rest}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" loading={begin.isPending}>
            {text.own.factorBegin}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Confirm({ offer, onCodes }: { offer: SecondFactorOffer; onCodes: (codes: string[]) => void }) {
  const [code, setCode] = useState('')
  const confirm = useMutation({
    mutationFn: () => take(api.PUT(PATH, { body: { code } })),
    onSuccess: (answer) => {
      onCodes(answer.codes)
      refresh()
    },
  })
  const faults = sortFaults(confirm.error, ['code'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    confirm.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{text.own.factorScan}</Text>
        {/* Dark on light in both schemes, or cameras do not read it. */}
        <svg
          role="img"
          aria-label={text.own.factorQr}
          viewBox={`0 0 ${offer.qr.size} ${offer.qr.size}`}
          width={220}
          height={220}
          shapeRendering="crispEdges"
        >
          <rect width="100%" height="100%" fill="#fff" />
          <path d={offer.qr.path} fill="#000" />
        </svg>
        <Text size="sm">
          {text.own.factorSecret}: <Code>{offer.secret.replace(/(.{4})(?=.)/g, '$1 ')}</Code>
        </Text>
        <TextInput
          label={text.own.factorCode}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          withAsterisk={false}
          value={code}
          error={faults.fields.code ?? faults.rest}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" loading={confirm.isPending}>
            {text.own.factorConfirm}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Recovery({ codes, onKept }: { codes: string[]; onKept: () => void }) {
  return (
    <Alert color="blue" title={text.own.recovery}>
      <Stack>
        <Text size="sm">{text.own.recoveryWhy}</Text>
        <Code block>{codes.join('\n')}</Code>
        <Group>
          <Button onClick={onKept}>{text.own.recoveryKept}</Button>
        </Group>
      </Stack>
    </Alert>
  )
}

function On({ left }: { left: number }) {
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const off = useMutation({
    mutationFn: () => take(api.POST('/api/v1/session/second-factor/off', { body: { password, code } })),
    onSuccess: () => {
      refresh()
      say(text.own.factorIsOff)
    },
  })
  const faults = sortFaults(off.error, ['password', 'code'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    off.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{text.own.factorOn(left)}</Text>
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
          value={password}
          error={faults.fields.password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <TextInput
          label={text.own.factorCode}
          description={text.own.factorOffWhy}
          autoComplete="one-time-code"
          required
          withAsterisk={false}
          value={code}
          error={faults.fields.code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" color="red" variant="light" loading={off.isPending}>
            {text.own.factorTurnOff}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
