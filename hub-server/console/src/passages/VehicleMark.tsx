// What was seen of a vehicle: type and colour as a chip, as facts with how sure they are, and what its permit says otherwise.
import { Alert, Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconCar } from '@tabler/icons-react'

import type { Passage, Vehicle } from '../api'
import { percent } from '../format/share'
import { wordOf } from '../format/word'
import { Mark } from '../parts/Mark'
import { text } from '../strings'
import { mismatchOf, seenAs } from './vehicle'

/** Short, for lists; the sureness stands in the title and for screen readers. */
export function VehicleMark({ passage }: { passage: Pick<Passage, 'vehicle' | 'mismatch'> }) {
  const { vehicle, mismatch } = passage
  const seen = seenAs(vehicle)
  if (!seen && !mismatch) return null
  const sure = vehicle ? percent(sureness(vehicle)) : ''
  return (
    <Group component="span" gap={6} display="inline-flex">
      {seen && (
        <span title={text.vehicle.sure(seen, sure)}>
          <Mark tone="quiet" icon={<IconCar size={15} aria-hidden="true" />}>
            {seen} <Dimmed>{sure}</Dimmed>
          </Mark>
        </span>
      )}
      {mismatch && (
        <span title={mismatchOf(mismatch, vehicle)}>
          <Mark tone="warn" icon={<IconAlertTriangle size={15} aria-hidden="true" />}>
            {text.vehicle.other}
          </Mark>
        </span>
      )}
    </Group>
  )
}

/** The rows of a list of facts. */
export function VehicleFacts({ vehicle }: { vehicle: Vehicle | null | undefined }) {
  if (!vehicle) return null
  const colour = vehicle.colour
    ? text.vehicle.sure(wordOf(text.vehicle.colours, vehicle.colour), percent(vehicle.colour_confidence))
    : vehicle.colour_confidence > 0
      ? text.vehicle.notSure
      : text.vehicle.noColours
  return (
    <>
      <dt>{text.vehicle.type}</dt>
      <dd>
        {vehicle.type
          ? text.vehicle.sure(wordOf(text.vehicle.types, vehicle.type), percent(vehicle.type_confidence))
          : text.vehicle.notSure}
      </dd>
      <dt>{text.vehicle.colour}</dt>
      <dd>{colour}</dd>
    </>
  )
}

/** What the permit says and what was seen, if they do not fit. */
export function MismatchNote({ passage }: { passage: Pick<Passage, 'vehicle' | 'mismatch'> }) {
  if (!passage.mismatch) return null
  return (
    <Alert color="orange" icon={<IconAlertTriangle aria-hidden="true" />} title={text.vehicle.other}>
      {mismatchOf(passage.mismatch, passage.vehicle)}
    </Alert>
  )
}

function Dimmed({ children }: { children: string }) {
  return (
    <Text component="span" size="xs" c="dimmed">
      {children}
    </Text>
  )
}

/** Of what is told, the less sure part. */
function sureness(vehicle: Vehicle): number {
  const told = [vehicle.type ? vehicle.type_confidence : 1, vehicle.colour ? vehicle.colour_confidence : 1]
  return Math.min(...told)
}
