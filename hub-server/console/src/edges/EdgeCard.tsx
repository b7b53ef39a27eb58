// One edge: whether it is reached, what waits there, its gates with inputs and cameras, its models.
import { ActionIcon, Alert, Anchor, Button, Group, Menu, Modal, Stack, Text, Title } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCamera,
  IconCameraOff,
  IconCpu,
  IconDots,
  IconFlame,
  IconHandStop,
  IconPlugConnectedX,
} from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'

import { api, type Edge, type EdgeGate, take } from '../api'
import { queries } from '../api/queries'
import { wordOf } from '../format/word'
import { Failure } from '../parts/Failure'
import { Mark } from '../parts/Mark'
import parts from '../parts/parts.module.css'
import { say } from '../parts/toast'
import { When } from '../parts/When'
import { useMay } from '../session/session'
import { locale, text } from '../strings'
import classes from './edges.module.css'

export function EdgeCard({ edge, onOrder }: { edge: Edge; onOrder: (gate: EdgeGate) => void }) {
  const mayEnrol = useMay('enrol_edges')
  const [retiring, setRetiring] = useState(false)
  return (
    <article className={`${parts.card} ${classes.edge}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div className={classes.title}>
          <Title order={2}>{edge.name}</Title>
          <Text size="sm" c="dimmed">
            {edge.machine}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          <Mark tone={edge.connected ? 'good' : 'bad'}>{edge.connected ? text.edges.connected : text.edges.away}</Mark>
          {mayEnrol && (
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" aria-label={`${text.edges.more}: ${edge.name}`}>
                  <IconDots size={18} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item color="red" leftSection={<IconPlugConnectedX size={16} />} onClick={() => setRetiring(true)}>
                  {text.edges.retire}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </Group>
      </Group>
      <dl className={classes.figures}>
        <Figure label={text.edges.lastHeard}>
          <When at={edge.last_heard_at} style="ago" />
        </Figure>
        <Figure label={text.edges.waiting} warn={edge.lag_events > 0}>
          {edge.lag_events > 0 ? text.edges.behind(edge.lag_events) : text.edges.none}
        </Figure>
        <Figure label={text.edges.events}>{edge.events_held.toLocaleString(locale())}</Figure>
        <Figure label={text.edges.book} warn={edge.book_version !== edge.wanted_book_version}>
          {edge.book_version === edge.wanted_book_version
            ? text.edges.current(edge.book_version)
            : text.edges.older(edge.book_version, edge.wanted_book_version)}
        </Figure>
        <Figure label={text.edges.version}>{edge.version ?? '–'}</Figure>
      </dl>
      {edge.gaps.map((gap) => (
        <Alert key={`${gap.epoch} ${gap.expected}`} color="yellow" icon={<IconAlertTriangle />} p="xs">
          {gap.got - gap.expected === 1
            ? text.edges.gapOne(gap.expected, gap.epoch)
            : text.edges.gap(gap.expected, gap.got, gap.epoch)}{' '}
          <Text component="span" size="xs">
            <When at={gap.at} />
          </Text>
        </Alert>
      ))}
      {edge.heat && edge.heat.step > 0 && (
        <Alert color="yellow" icon={<IconFlame />} p="xs">
          {text.edges.heat(edge.heat.step, edge.heat.most_fps)} {edge.heat.is_coarse && text.edges.heatCoarse}{' '}
          {edge.heat.celsius != null && `${Math.round(edge.heat.celsius)} °C `}
          <Text component="span" size="xs">
            <When at={edge.heat.at} />
          </Text>
        </Alert>
      )}
      <section>
        <Title order={3} mb="xs">
          {text.edges.gates}
        </Title>
        <ul className={classes.gates}>
          {edge.gates.map((gate) => (
            <GateLine key={gate.id} gate={gate} onOrder={() => onOrder(gate)} />
          ))}
        </ul>
      </section>
      {edge.models.length > 0 && <Models edge={edge} />}
      {retiring && <RetireDialog edge={edge} onClose={() => setRetiring(false)} />}
    </article>
  )
}

function Figure({ label, warn = false, children }: { label: string; warn?: boolean; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-warn={warn || undefined}>{children}</dd>
    </div>
  )
}

function GateLine({ gate, onOrder }: { gate: EdgeGate; onOrder: () => void }) {
  const mayOrder = useMay('order_barrier')
  return (
    <li className={classes.gate}>
      <div className={classes.gateHead}>
        <div>
          <Text fw={600} size="sm">
            {gate.name}
          </Text>
          <Text size="xs" c="dimmed">
            {text.direction[gate.direction]}
          </Text>
        </div>
        {mayOrder && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconHandStop size={15} aria-hidden="true" />}
            aria-label={text.live.openGate(gate.name)}
            onClick={onOrder}
          >
            {text.live.open}
          </Button>
        )}
      </div>
      <ul className={classes.parts}>
        {gate.cameras.map((camera) => (
          <li key={`camera ${camera.name}`} data-bad={camera.state !== 'live' || undefined}>
            {camera.state === 'live' ? (
              <IconCamera size={16} aria-hidden="true" />
            ) : (
              <IconCameraOff size={16} aria-hidden="true" />
            )}
            <span>
              <Anchor component={Link} to={`/gates/${gate.id}/cameras/${encodeURIComponent(camera.name)}`} size="sm">
                {camera.name}
              </Anchor>
              : {text.edges.camera[camera.state]}
              {camera.state !== 'live' && camera.why && `, ${camera.why}`}
            </span>
          </li>
        ))}
        {gate.cameras.length === 0 && <li>{text.edges.noCamera}</li>}
        {gate.inputs.map((input) => (
          <li key={`input ${input.name}`}>
            <span className={classes.lamp} data-active={input.active || undefined} aria-hidden="true" />
            <span>
              {wordOf(text.edges.inputNames, input.name)}:{' '}
              {input.active ? text.edges.inputs.active : text.edges.inputs.rest}
            </span>
          </li>
        ))}
      </ul>
    </li>
  )
}

function Models({ edge }: { edge: Edge }) {
  return (
    <section>
      <Title order={3} mb="xs">
        {text.edges.models}
      </Title>
      <ul className={classes.parts}>
        {edge.models.map((model) => (
          <li key={model.name} data-bad={!model.loaded || undefined} title={model.sha256}>
            <IconCpu size={16} aria-hidden="true" />
            <span>
              {model.name} {model.version}: {model.loaded ? text.edges.modelFine : text.edges.modelBad}
              {!model.loaded && model.why && `, ${model.why}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function RetireDialog({ edge, onClose }: { edge: Edge; onClose: () => void }) {
  const retire = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/edges/{id}', { params: { path: { id: edge.id } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['edges'] })
      void queries.invalidateQueries({ queryKey: ['gates'] })
      say(text.edges.retired_(edge.name))
      onClose()
    },
  })
  return (
    <Modal opened onClose={onClose} title={text.edges.retireTitle(edge.name)} centered>
      <Stack>
        <Text size="sm">{text.edges.retireWhy}</Text>
        {retire.error && <Failure error={retire.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {text.action.cancel}
          </Button>
          <Button color="red" loading={retire.isPending} onClick={() => retire.mutate()}>
            {text.edges.retire}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
