// The permits: searched, created, edited, withdrawn, brought in and taken out as CSV.
import { Button, Group, SegmentedControl, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconDownload, IconId, IconPlus, IconSearch, IconUpload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'

import { api, type Gate, type Permit, take } from '../api'
import { useGates } from '../edges/fleet'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { MorePages } from '../parts/MorePages'
import { PageHead } from '../parts/PageHead'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { Plate } from '../parts/Plate'
import { useNow } from '../parts/When'
import { useMay } from '../session/session'
import { text } from '../strings'
import { ImportDialog } from './ImportDialog'
import { PermitDrawer } from './PermitDrawer'
import classes from './permits.module.css'
import { stateOf, TONES, validityInWords } from './state'
import { inWords } from './week'

export default function PermitsPage() {
  const mayEdit = useMay('edit_permits')
  const [search, setSearch] = useSearchParams()
  const [typed, setTyped] = useState('')
  const [words] = useDebouncedValue(typed.trim(), 300)
  const [withdrawn, setWithdrawn] = useState(false)
  const [creating, setCreating] = useState(false)
  const [importing, setImporting] = useState(false)
  const gates = useGates()
  const list = usePages(['permits', 'list', words, withdrawn], (cursor) =>
    take(
      api.GET('/api/v1/permits', { params: { query: { cursor, limit: 100, plate: words || undefined, withdrawn } } }),
    ),
  )
  // A link from a passage or a visit opens its permit.
  const linked = search.get('permit')
  const opened = useQuery({
    queryKey: ['permits', 'one', linked],
    queryFn: () => take(api.GET('/api/v1/permits/{id}', { params: { path: { id: linked ?? '' } } })),
    enabled: linked !== null,
  })
  const open = (id: string | null) => setSearch(id ? { permit: id } : {}, { replace: true })

  return (
    <>
      <PageHead title={text.permits.title} lead={text.permits.lead}>
        <Button
          component="a"
          href="/api/v1/permits.csv"
          download="permits.csv"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden="true" />}
        >
          {text.permits.export}
        </Button>
        {mayEdit && (
          <>
            <Button
              variant="default"
              leftSection={<IconUpload size={16} aria-hidden="true" />}
              onClick={() => setImporting(true)}
            >
              {text.permits.import}
            </Button>
            <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setCreating(true)}>
              {text.permits.create}
            </Button>
          </>
        )}
      </PageHead>
      <Group mb="md" gap="sm" role="search">
        <TextInput
          aria-label={text.permits.search}
          placeholder={text.permits.search}
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          autoComplete="off"
          w={{ base: '100%', xs: 280 }}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <SegmentedControl
          value={withdrawn ? 'withdrawn' : 'in_force'}
          onChange={(value) => setWithdrawn(value === 'withdrawn')}
          data={[
            { value: 'in_force', label: text.permits.inForce },
            { value: 'withdrawn', label: text.permits.withdrawn },
          ]}
        />
      </Group>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Lines />}
      {list.items?.length === 0 && (
        <NoPermits searched={words !== ''} withdrawn={withdrawn} onCreate={mayEdit ? () => setCreating(true) : null} />
      )}
      {list.items && list.items.length > 0 && <Table permits={list.items} gates={gates.data} onOpen={open} />}
      <MorePages list={list} />
      {creating && <PermitDrawer permit={null} onClose={() => setCreating(false)} />}
      {linked && opened.data && <PermitDrawer key={linked} permit={opened.data} onClose={() => open(null)} />}
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
    </>
  )
}

function Table({
  permits,
  gates,
  onOpen,
}: {
  permits: Permit[]
  gates: Gate[] | undefined
  onOpen: (id: string) => void
}) {
  const now = useNow(60_000)
  const at = (ids: string[]) => {
    if (ids.length === 0) return text.everyGate
    const names = ids.map((id) => gates?.find((gate) => gate.id === id)?.name)
    return names.length <= 2 && names.every(Boolean) ? names.join(', ') : text.permits.gateCount(ids.length)
  }
  return (
    <div className={parts.card}>
      <table className={parts.table}>
        <thead>
          <tr>
            <th>{text.permits.plate}</th>
            <th>{text.permits.holder}</th>
            <th>{text.permits.state}</th>
            <th>{text.permits.validity}</th>
            <th>{text.permits.schedule}</th>
            <th>{text.permits.gates}</th>
          </tr>
        </thead>
        <tbody>
          {permits.map((permit) => {
            const state = stateOf(permit, now)
            return (
              <tr key={permit.id}>
                <td>
                  <UnstyledButton
                    className={classes.open}
                    aria-label={text.permits.edit(permit.plate)}
                    onClick={() => onOpen(permit.id)}
                  >
                    <Plate plate={permit.plate} />
                  </UnstyledButton>
                  <Text component="span" hiddenFrom="sm">
                    <Mark tone={TONES[state]}>{text.permits.states[state]}</Mark>
                  </Text>
                </td>
                <td data-label={permit.holder || permit.group ? text.permits.holder : undefined}>
                  <span className={classes.holder}>
                    {permit.holder}
                    {permit.group && (
                      <Text component="span" size="xs" c="dimmed">
                        {permit.group}
                      </Text>
                    )}
                  </span>
                </td>
                <td className={parts.wide}>
                  <Mark tone={TONES[state]}>{text.permits.states[state]}</Mark>
                </td>
                <td data-label={text.permits.validity}>{validityInWords(permit, now)}</td>
                <td data-label={text.permits.schedule}>{inWords(permit.schedule.spans)}</td>
                <td data-label={text.permits.gates}>{at(permit.gates)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function NoPermits({
  searched,
  withdrawn,
  onCreate,
}: {
  searched: boolean
  withdrawn: boolean
  onCreate: (() => void) | null
}) {
  if (searched) return <Empty icon={<IconSearch />} title={text.permits.noMatch} why={text.permits.noMatchWhy} />
  if (withdrawn) return <Empty icon={<IconId />} title={text.permits.noWithdrawn} why={text.permits.noWithdrawnWhy} />
  return (
    <Empty icon={<IconId />} title={text.permits.empty} why={text.permits.emptyWhy}>
      {onCreate && (
        <Button mt="xs" onClick={onCreate}>
          {text.permits.create}
        </Button>
      )}
    </Empty>
  )
}
