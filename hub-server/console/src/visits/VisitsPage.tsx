// Who is on site, who was, and what does not add up.
import { Button, Group, Progress, Skeleton, Tabs, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconAlertTriangle, IconParking, IconPlus, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'

import { api, type SiteOccupancy, take, type Visit, type VisitState } from '../api'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { MorePages } from '../parts/MorePages'
import { PageHead } from '../parts/PageHead'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { useMay } from '../session/session'
import { text } from '../strings'
import { CloseDialog, OpenDialog } from './VisitDialogs'
import { VisitTable } from './VisitTable'
import classes from './visits.module.css'

const STATES: readonly VisitState[] = ['open', 'closed', 'unpaired']

export default function VisitsPage() {
  const mayCorrect = useMay('correct_visits')
  const [search, setSearch] = useSearchParams()
  const state = STATES.find((one) => one === search.get('state')) ?? 'open'
  const [typed, setTyped] = useState('')
  const [plate] = useDebouncedValue(typed.trim(), 300)
  const [opening, setOpening] = useState(false)
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
      <PageHead title={text.visits.title} lead={text.visits.lead}>
        {mayCorrect && (
          <Button
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden="true" />}
            onClick={() => setOpening(true)}
          >
            {text.visits.open}
          </Button>
        )}
      </PageHead>
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
          <Tabs.List className={classes.tabs}>
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
      {opening && <OpenDialog onDone={() => setOpening(false)} />}
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
