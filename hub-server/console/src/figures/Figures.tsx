// Figures of a site and a range: how much came, what became of it, how long vehicles stayed, how full it is.
import { Group, Progress, SegmentedControl, Select, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, type Statistics, take } from '../api'
import { useSites } from '../edges/fleet'
import { percent } from '../format/share'
import { bucketName, bucketShort, lasting } from '../format/time'
import { type Bar, Bars } from '../parts/Bars'
import { Failure } from '../parts/Failure'
import parts from '../parts/parts.module.css'
import { useMay } from '../session/session'
import { text } from '../strings'
import classes from './figures.module.css'
import { type Range, RANGES, rangeAt } from './range'

export default function Figures() {
  const sites = useSites()
  const [site, setSite] = useState<string | null>(null)
  const [range, setRange] = useState<Range>('day')
  const figures = useQuery({
    queryKey: ['statistics', site, range],
    queryFn: () => {
      const { from, until, step } = rangeAt(range, Date.now())
      const query = { from, until, step, ...(site ? { site } : {}) }
      return take(api.GET('/api/v1/statistics', { params: { query } }))
    },
    placeholderData: (old) => old,
    refetchInterval: 60_000,
  })
  return (
    <section aria-labelledby="figures">
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={2} id="figures">
          {text.figures.title}
        </Title>
        <Group gap="xs">
          {sites.data && sites.data.length > 1 && (
            <Select
              size="xs"
              w={180}
              aria-label={text.figures.site}
              placeholder={text.figures.everySite}
              data={sites.data.map((one) => ({ value: one.id, label: one.name }))}
              clearable
              clearButtonProps={{ 'aria-label': text.action.clear }}
              value={site}
              onChange={setSite}
            />
          )}
          <SegmentedControl
            size="xs"
            aria-label={text.figures.range}
            value={range}
            onChange={(value) => setRange(RANGES.find((one) => one === value) ?? 'day')}
            data={RANGES.map((value) => ({ value, label: text.figures.ranges[value] }))}
          />
        </Group>
      </Group>
      {figures.error && <Failure error={figures.error} onRetry={() => void figures.refetch()} />}
      {figures.isPending && <Skeleton height={320} radius="md" />}
      {figures.data && <Shown figures={figures.data} />}
      <Occupancy only={site} />
    </section>
  )
}

function Shown({ figures }: { figures: Statistics }) {
  const daily = figures.step === 'day'
  const place = (at: string) => ({
    label: bucketShort(at, daily, figures.time_zone),
    name: bucketName(at, daily, figures.time_zone),
  })
  const crossings: Bar[] = figures.buckets.map((one) => ({ ...place(one.at), values: [one.entries, one.exits] }))
  const outcomes: Bar[] = figures.buckets.map((one) => ({
    ...place(one.at),
    values: [one.opened, one.asked, one.denied],
  }))
  const axis = daily ? text.figures.day : text.figures.hour
  const share = (value: number | null | undefined) => (value == null ? text.figures.none : percent(value))
  return (
    <>
      <dl className={classes.tiles}>
        <Tile label={text.figures.passages} value={String(figures.passages)} />
        <Tile label={text.figures.entries} value={String(figures.total.entries)} />
        <Tile label={text.figures.unknownShare} value={share(figures.unknown_share)} />
        <Tile label={text.figures.byHandShare} value={share(figures.by_hand_share)} />
        {figures.stays != null && (
          <Tile
            label={text.figures.averageStay}
            value={figures.average_stay_s == null ? text.figures.none : lasting(figures.average_stay_s)}
          />
        )}
      </dl>
      <div className={classes.charts}>
        <div className={`${parts.card} ${classes.chart}`}>
          <Bars
            title={daily ? text.figures.byDay : text.figures.byHour}
            axis={axis}
            series={[
              { name: text.figures.entries, tone: 'first' },
              { name: text.figures.exits, tone: 'second' },
            ]}
            bars={crossings}
          />
        </div>
        <div className={`${parts.card} ${classes.chart}`}>
          <Bars
            title={text.figures.outcomes}
            axis={axis}
            series={[
              { name: text.figures.opened, tone: 'good' },
              { name: text.figures.asked, tone: 'warn' },
              { name: text.figures.denied, tone: 'bad' },
            ]}
            bars={outcomes}
          />
        </div>
      </div>
      <Text size="xs" c="dimmed" mt="xs">
        {text.figures.zone(figures.time_zone)}
      </Text>
    </>
  )
}

function Tile({ label, value }: { label: string; value: string }) {
  return (
    <div className={`${parts.card} ${classes.tile}`}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Occupancy({ only }: { only: string | null }) {
  const may = useMay('view_visits')
  const occupancy = useQuery({
    queryKey: ['occupancy'],
    queryFn: async () => (await take(api.GET('/api/v1/occupancy'))).sites,
    enabled: may,
  })
  const shown = occupancy.data?.filter((one) => only === null || one.site.id === only)
  if (!shown || shown.length === 0) return null
  return (
    <div className={`${parts.card} ${classes.occupancy}`}>
      <Text fw={600} size="sm">
        {text.figures.occupancy}
      </Text>
      <ul>
        {shown.map((one) => (
          <li key={one.site.id}>
            <span className={classes.site}>{one.site.name}</span>
            <span className={classes.onSite}>
              {one.capacity == null ? one.on_site : text.home.of(one.on_site, one.capacity)}
            </span>
            {one.capacity != null && one.capacity > 0 && (
              <Progress
                className={classes.bar}
                value={Math.min(100, (one.on_site / one.capacity) * 100)}
                aria-label={text.visits.full(Math.round((one.on_site / one.capacity) * 100))}
              />
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}
