// Where the hub publishes over MQTT, and how that goes.
import {
  Alert,
  Button,
  Checkbox,
  Group,
  NumberInput,
  PasswordInput,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type MqttBroker, take } from '../api'
import { queries } from '../api/queries'
import { Failure, sortFaults } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import { complain, say } from '../parts/toast'
import { When } from '../parts/When'
import { text } from '../strings'

const refresh = () => void queries.invalidateQueries({ queryKey: ['mqtt'] })

export default function MqttPage() {
  const set = useQuery({
    queryKey: ['mqtt'],
    queryFn: async () => (await take(api.GET('/api/v1/mqtt'))).broker ?? null,
    refetchInterval: 10_000,
  })
  return (
    <>
      <PageHead title={text.mqtt.title} lead={text.mqtt.lead} />
      {set.error && <Failure error={set.error} onRetry={() => void set.refetch()} />}
      {set.isPending && <Lines count={3} />}
      {set.data && <State broker={set.data} />}
      {set.data !== undefined && <Settings key={set.data ? 'set' : 'none'} broker={set.data} />}
    </>
  )
}

function State({ broker }: { broker: MqttBroker }) {
  const failing = broker.on && broker.last_error !== ''
  const word = failing ? text.mqtt.failing : broker.waiting > 0 ? text.mqtt.waiting : text.mqtt.good
  return (
    <Group mb="lg" gap="md">
      {broker.on ? (
        <Mark tone={failing ? 'bad' : broker.waiting > 0 ? 'warn' : 'good'}>
          {broker.waiting > 0 ? `${word}: ${String(broker.waiting)}` : word}
        </Mark>
      ) : (
        <Mark tone="quiet">{text.mqtt.off}</Mark>
      )}
      <Text size="sm" c="dimmed">
        {text.mqtt.last}: {broker.last_success_at ? <When at={broker.last_success_at} /> : text.mqtt.never}
      </Text>
      {failing && (
        <Text size="sm" c="dimmed">
          {broker.last_error}
        </Text>
      )}
    </Group>
  )
}

function Settings({ broker }: { broker: MqttBroker | null }) {
  const [host, setHost] = useState(broker?.host ?? '')
  const [port, setPort] = useState(broker?.port ?? 8883)
  const [tls, setTls] = useState(broker?.tls ?? true)
  const [user, setUser] = useState(broker?.user ?? '')
  const [password, setPassword] = useState('')
  const [prefix, setPrefix] = useState(broker?.prefix ?? 'gatewarden')
  const [discovery, setDiscovery] = useState(broker?.discovery ?? 'homeassistant')
  const [on, setOn] = useState(broker?.on ?? true)
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/mqtt', {
          body: { host, port, tls, user, password: password === '' ? null : password, prefix, discovery, on },
        }),
      ),
    onSuccess: () => {
      setPassword('')
      refresh()
      say(text.mqtt.saved)
    },
  })
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/mqtt')),
    onSuccess: () => {
      refresh()
      say(text.mqtt.removed)
    },
    onError: complain,
  })
  const faults = sortFaults(save.error, ['host', 'port', 'user', 'password', 'prefix', 'discovery'])
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack maw={720}>
        {faults.rest && (
          <Alert color="red" role="alert">
            {faults.rest}
          </Alert>
        )}
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            label={text.mqtt.host}
            required
            withAsterisk={false}
            autoComplete="off"
            value={host}
            error={faults.fields.host}
            onChange={(event) => setHost(event.currentTarget.value)}
          />
          <NumberInput
            label={text.mqtt.port}
            min={1}
            max={65535}
            allowDecimal={false}
            value={port}
            error={faults.fields.port}
            onChange={(value) => setPort(Number(value))}
          />
          <TextInput
            label={text.mqtt.user}
            autoComplete="off"
            value={user}
            error={faults.fields.user}
            onChange={(event) => setUser(event.currentTarget.value)}
          />
          <PasswordInput
            label={text.mqtt.password}
            description={broker?.has_password ? text.mqtt.passwordKept : undefined}
            autoComplete="new-password"
            value={password}
            error={faults.fields.password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <TextInput
            label={text.mqtt.prefix}
            required
            withAsterisk={false}
            autoComplete="off"
            value={prefix}
            error={faults.fields.prefix}
            onChange={(event) => setPrefix(event.currentTarget.value)}
          />
          <TextInput
            label={text.mqtt.discovery}
            description={text.mqtt.discoveryWhy}
            autoComplete="off"
            value={discovery}
            error={faults.fields.discovery}
            onChange={(event) => setDiscovery(event.currentTarget.value)}
          />
        </SimpleGrid>
        <Checkbox
          label={text.mqtt.tls}
          description={text.mqtt.tlsWhy}
          checked={tls}
          onChange={(event) => setTls(event.currentTarget.checked)}
        />
        <Checkbox label={text.mqtt.on} checked={on} onChange={(event) => setOn(event.currentTarget.checked)} />
        <Group>
          <Button type="submit" loading={save.isPending}>
            {text.mqtt.save}
          </Button>
          {broker && (
            <Button color="red" variant="light" loading={remove.isPending} onClick={() => remove.mutate()}>
              {text.mqtt.remove}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}
