// All passages, searched by plate, outcome and gate. The filters stand in the address.
import { Anchor, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconCarOff, IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import { api, type Passage, take } from '../api'
import { useGates } from '../edges/fleet'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { MorePages } from '../parts/MorePages'
import { PageHead } from '../parts/PageHead'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { Plate } from '../parts/Plate'
import { When } from '../parts/When'
import { text } from '../strings'
import { Crop } from './Crop'
import { HeadingMark } from './HeadingMark'
import { OutcomeMark } from './OutcomeMark'
import classes from './passages.module.css'
import { COLOURS, reasonOf, TYPES } from './vehicle'
import { VehicleMark } from './VehicleMark'

const OUTCOMES = ['open', 'deny', 'ask'] as const
const HEADINGS = ['approaching', 'leaving', 'unknown'] as const

export default function PassagesPage() {
  const [search, setSearch] = useSearchParams()
  const [typed, setTyped] = useState(search.get('plate') ?? '')
  const gates = useGates()
  const plate = search.get('plate') ?? undefined
  const gate = search.get('gate') ?? undefined
  const outcome = OUTCOMES.find((one) => one === search.get('outcome'))
  const type = TYPES.find((one) => one === search.get('vehicle_type'))
  const colour = COLOURS.find((one) => one === search.get('vehicle_colour'))
  const heading = HEADINGS.find((one) => one === search.get('heading'))
  const choose = (key: string, value: string | null) =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old)
        if (value) next.set(key, value)
        else next.delete(key)
        return next
      },
      { replace: true },
    )
  const choosePlate = useDebouncedCallback((value: string) => choose('plate', value.trim()), 300)
  const list = usePages(['passages', 'list', plate, gate, outcome, type, colour, heading], (cursor) =>
    take(
      api.GET('/api/v1/passages', {
        params: {
          query: { cursor, limit: 50, plate, gate, outcome, vehicle_type: type, vehicle_colour: colour, heading },
        },
      }),
    ),
  )

  return (
    <>
      <PageHead title={text.passages.title} lead={text.passages.lead} />
      <Group mb="md" gap="sm" align="flex-end" role="search">
        <TextInput
          label={text.passages.plate}
          placeholder={text.passages.platePlaceholder}
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          w={{ base: '100%', xs: 220 }}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            choosePlate(event.currentTarget.value)
          }}
        />
        <Select
          label={text.passages.outcome}
          placeholder={text.passages.any}
          data={OUTCOMES.map((value) => ({ value, label: text.outcome[value] }))}
          clearable
          value={outcome ?? null}
          w={{ base: 'calc(50% - 6px)', xs: 150 }}
          onChange={(value) => choose('outcome', value)}
        />
        <Select
          label={text.passages.gate}
          placeholder={text.passages.any}
          data={gates.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
          clearable
          value={gate ?? null}
          w={{ base: 'calc(50% - 6px)', xs: 190 }}
          onChange={(value) => choose('gate', value)}
        />
        <Select
          label={text.vehicle.title}
          placeholder={text.passages.any}
          data={TYPES.map((value) => ({ value, label: text.vehicle.types[value] }))}
          clearable
          value={type ?? null}
          w={{ base: 'calc(50% - 6px)', xs: 140 }}
          onChange={(value) => choose('vehicle_type', value)}
        />
        <Select
          label={text.vehicle.colour}
          placeholder={text.passages.any}
          data={COLOURS.map((value) => ({ value, label: text.vehicle.colours[value] }))}
          clearable
          value={colour ?? null}
          w={{ base: 'calc(50% - 6px)', xs: 130 }}
          onChange={(value) => choose('vehicle_colour', value)}
        />
        <Select
          label={text.heading.title}
          placeholder={text.passages.any}
          data={HEADINGS.map((value) => ({ value, label: text.heading[value] }))}
          clearable
          value={heading ?? null}
          w={{ base: 'calc(50% - 6px)', xs: 130 }}
          onChange={(value) => choose('heading', value)}
        />
      </Group>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Lines />}
      {list.items?.length === 0 && (
        <Empty icon={<IconCarOff />} title={text.passages.empty} why={text.passages.emptyWhy} />
      )}
      {list.items && list.items.length > 0 && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.passages.plate}</th>
                <th aria-hidden="true" />
                <th>{text.passages.outcome}</th>
                <th>{text.passages.why}</th>
                <th>{text.vehicle.title}</th>
                <th>{text.passages.holder}</th>
                <th>{text.passages.gate}</th>
                <th>{text.passages.when}</th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((passage) => (
                <Row key={passage.id} passage={passage} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <MorePages list={list} />
    </>
  )
}

function Row({ passage }: { passage: Passage }) {
  const name = text.passages.details(passage.plate ?? text.noPlate)
  return (
    <tr>
      <td>
        <Link to={`/passages/${passage.id}`} className={classes.plateLink} aria-label={name}>
          <Plate plate={passage.plate} />
        </Link>
        <Text component="span" hiddenFrom="sm">
          <OutcomeMark outcome={passage.outcome} />
        </Text>
      </td>
      <td className={parts.wide}>
        <Crop pictures={passage.pictures} plate={passage.plate} size="sm" />
      </td>
      <td className={parts.wide}>
        <OutcomeMark outcome={passage.outcome} />
      </td>
      <td data-label={text.passages.why}>{reasonOf(passage)}</td>
      <td data-label={passage.vehicle || passage.heading ? text.vehicle.title : undefined}>
        <Group component="span" gap={6} display="inline-flex">
          <VehicleMark passage={passage} />
          <HeadingMark heading={passage.heading} />
        </Group>
      </td>
      <td data-label={passage.permit ? text.passages.holder : undefined}>
        {passage.permit && (
          <Anchor component={Link} to={`/permits?permit=${passage.permit.id}`} size="sm">
            {passage.permit.holder || passage.permit.plate}
          </Anchor>
        )}
      </td>
      <td data-label={text.passages.gate}>{passage.gate.name}</td>
      <td data-label={text.passages.when}>
        <When at={passage.first_seen} />
      </td>
    </tr>
  )
}
