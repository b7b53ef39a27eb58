// Who is on site, who was, and what does not add up.
import { Button, Group, Modal, Progress, Skeleton, Stack, Tabs, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconAlertTriangle, IconParking, IconSearch } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'
import { useSearchParams } from 'react-router'

import { api, type SiteOccupancy, take, type Visit, type VisitState } from '../api'
import { queries } from '../api/queries'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { MorePages } from '../parts/MorePages'
import { PageHead } from '../parts/PageHead'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { say } from '../parts/toast'
import { useMay } from '../session/session'
import { text } from '../strings'
import { VisitTable } from './VisitTable'
import classes from './visits.module.css'

const STATES: readonly VisitState[] = ['open', 'closed', 'unpaired']

export default function VisitsPage() {
  const mayCorrect = useMay('correct_visits')
  const [search, setSearch] = useSearchParams()
  const state = STATES.find((one) => one === search.get('state')) ?? 'open'
  const [typed, setTyped] = useState('')
  const [plate] = useDebouncedValue(typed.trim(), 300)
  const [closing, setClosing] = useState<Visit | null>(null)
  const occupancy = useQuery({
    queryKey: ['occupancy'],
    queryFn: async () => (await take(api.GET('/api/v1/occupancy'))).sites,
  })
  const list = usePages(['visits', state, plate], (cursor) =>
    take(api.GET('/api/v1/visits', { params: { query: { cursor, limit: 50, state, plate: plate || undefined } } })),
  )
  return (
    <>
      <PageHead title={text.visits.title} lead={text.visits.lead} />
      {occupancy.error && <Failure error={occupancy.error} onRetry={() => void occupancy.refetch()} />}
      <div className={classes.sites}>
        {occupancy.isPending && <Skeleton height={112} radius="md" />}
        {occupancy.data?.map((site) => (
          <SiteCard key={site.site.id} occupancy={site} />
        ))}
      </div>
      <Group justify="space-between" align="flex-end" mb="md" gap="sm">
        <Tabs
          value={state}
          onChange={(value) => setSearch(value && value !== 'open' ? { state: value } : {}, { replace: true })}
        >
          <Tabs.List>
            {STATES.map((one) => (
              <Tabs.Tab
                key={one}
                value={one}
                leftSection={one === 'unpaired' ? <IconAlertTriangle size={15} aria-hidden="true" /> : undefined}
              >
                {text.visits.tabs[one]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
        <TextInput
          aria-label={text.passages.platePlaceholder}
          placeholder={text.passages.platePlaceholder}
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          autoComplete="off"
          spellCheck={false}
          w={{ base: '100%', xs: 220 }}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </Group>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Lines />}
      {list.items?.length === 0 && (
        <Empty icon={<IconParking />} title={text.visits.empty[state]} why={text.visits.emptyWhy[state]} />
      )}
      {list.items && list.items.length > 0 && (
        <VisitTable visits={list.items} state={state} onClose={mayCorrect ? setClosing : null} />
      )}
      <MorePages list={list} />
      {closing && <CloseDialog visit={closing} onDone={() => setClosing(null)} />}
    </>
  )
}

function SiteCard({ occupancy: { site, on_site, capacity } }: { occupancy: SiteOccupancy }) {
  const share = capacity ? Math.min(1, on_site / capacity) : null
  return (
    <article className={`${parts.card} ${classes.site}`}>
      <Text fw={600} truncate>
        {site.name}
      </Text>
      <Group gap={8} align="baseline">
        <span className={classes.count}>{on_site}</span>
        <Text c="dimmed" size="sm">
          {text.visits.onSite}
          {capacity != null && ` ${text.visits.capacity(capacity)}`}
        </Text>
      </Group>
      {share !== null && (
        <Progress
          value={share * 100}
          color={share >= 0.95 ? 'red' : share >= 0.8 ? 'yellow' : undefined}
          aria-label={text.visits.full(Math.round(share * 100))}
        />
      )}
    </article>
  )
}

function CloseDialog({ visit, onDone }: { visit: Visit; onDone: () => void }) {
  const [reason, setReason] = useState('')
  const close = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/visits/{id}/close', { params: { path: { id: visit.id } }, body: { reason } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['visits'] })
      void queries.invalidateQueries({ queryKey: ['occupancy'] })
      say(text.visits.closed(visit.plate))
      onDone()
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    close.mutate()
  }
  return (
    <Modal opened onClose={onDone} title={text.visits.closeTitle(visit.plate)} centered>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" c="dimmed">
            {text.visits.closeWhy}
          </Text>
          <TextInput
            label={text.visits.reason}
            placeholder={text.visits.reasonPlaceholder}
            required
            withAsterisk={false}
            maxLength={200}
            data-autofocus
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {close.error && <Failure error={close.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onDone}>
              {text.action.cancel}
            </Button>
            <Button type="submit" loading={close.isPending} disabled={reason.trim() === ''}>
              {text.visits.close}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
