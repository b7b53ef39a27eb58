// One gate at a glance: whether it is reached, what its cameras do, who came last, and the way to open it by hand.
import { Button, Group, Text } from '@mantine/core'
import { IconCar, IconHandStop } from '@tabler/icons-react'
import { Link } from 'react-router'

import type { Edge, Gate, Passage } from '../api'
import { Mark } from '../parts/Mark'
import parts from '../parts/parts.module.css'
import { Plate } from '../parts/Plate'
import { When } from '../parts/When'
import { Crop } from '../passages/Crop'
import { OutcomeMark } from '../passages/OutcomeMark'
import { useMay } from '../session/session'
import { text } from '../strings'
import classes from './live.module.css'

export function GateTile({
  gate,
  edge,
  last,
  onOrder,
}: {
  gate: Gate
  edge: Edge | undefined
  last: Passage | undefined
  onOrder: () => void
}) {
  const mayOrder = useMay('order_barrier')
  const cameras = edge?.gates.find((one) => one.id === gate.id)?.cameras ?? []
  const faulty = cameras.find((camera) => camera.state !== 'live')
  return (
    <article className={`${parts.card} ${classes.gate}`} aria-label={gate.name}>
      <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
        <div className={classes.gateName}>
          <Text fw={600} truncate>
            {gate.name}
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {gate.site.name} · {text.direction[gate.direction]}
          </Text>
        </div>
        {edge &&
          (edge.connected ? (
            faulty ? (
              <Mark tone="warn">{`${faulty.name}: ${text.edges.camera[faulty.state]}`}</Mark>
            ) : (
              <Mark tone="good">{text.edges.connected}</Mark>
            )
          ) : (
            <Mark tone="bad">{text.edges.away}</Mark>
          ))}
      </Group>
      {last ? (
        <Link to={`/passages/${last.id}`} className={classes.last}>
          <Crop pictures={last.pictures} plate={last.plate} />
          <span className={classes.lastText}>
            <Plate plate={last.plate} />
            <Text component="span" size="xs" c="dimmed">
              <When at={last.first_seen} style="ago" />
            </Text>
          </span>
        </Link>
      ) : (
        <div className={classes.nobody}>
          <IconCar size={20} stroke={1.5} aria-hidden="true" />
          {text.live.nobody}
        </div>
      )}
      <Group justify="space-between" mt="auto" mih={30}>
        {last ? <OutcomeMark outcome={last.outcome} /> : <span />}
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
      </Group>
    </article>
  )
}
