// What comes to the gates, as it happens: a tile for each gate, and the newest passages below.
import { Anchor, Button, Group, SegmentedControl, Skeleton, Text, Title } from '@mantine/core'
import { IconCar, IconCircleCheck, IconRouter } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'

import { api, type Gate, take } from '../api'
import { useEdges, useGates } from '../edges/fleet'
import { OrderDialog } from '../edges/OrderDialog'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { PageHead } from '../parts/PageHead'
import { useMay } from '../session/session'
import { text } from '../strings'
import { GateTile } from './GateTile'
import classes from './live.module.css'
import { PassageLine } from './PassageLine'

const SHOWN = 40

export default function LivePage() {
  const gates = useGates()
  const edges = useEdges()
  const mayEnrol = useMay('enrol_edges')
  const [ordered, setOrdered] = useState<Gate | null>(null)
  const [view, setView] = useState<'all' | 'attention'>('all')
  const feed = useQuery({
    queryKey: ['passages', 'live'],
    queryFn: async () => (await take(api.GET('/api/v1/passages', { params: { query: { limit: SHOWN } } }))).items,
  })
  const shown = view === 'all' ? feed.data : feed.data?.filter((passage) => passage.outcome !== 'open')

  return (
    <>
      <PageHead title={text.live.title} lead={text.live.lead} />
      <section aria-labelledby="gates">
        <Title order={2} id="gates" mb="sm">
          {text.live.gates}
        </Title>
        {gates.isPending && gates.isFetching && <Skeleton height={150} radius="md" />}
        {gates.error && <Failure error={gates.error} onRetry={() => void gates.refetch()} />}
        {gates.data?.length === 0 && (
          <Empty icon={<IconRouter />} title={text.live.noGates} why={text.live.noGatesWhy}>
            {mayEnrol && (
              <Button component={Link} to="/edges" mt="xs">
                {text.live.enrol}
              </Button>
            )}
          </Empty>
        )}
        <div className={classes.gates}>
          {gates.data?.map((gate) => (
            <GateTile
              key={gate.id}
              gate={gate}
              edge={edges.data?.find((edge) => edge.gates.some((one) => one.id === gate.id))}
              last={feed.data?.find((passage) => passage.gate.id === gate.id)}
              onOrder={() => setOrdered(gate)}
            />
          ))}
        </div>
      </section>
      <section aria-labelledby="feed" className={classes.feedSection}>
        <Group justify="space-between" mb="sm">
          <Title order={2} id="feed">
            {text.live.feed}
          </Title>
          <SegmentedControl
            size="xs"
            value={view}
            onChange={(value) => setView(value === 'attention' ? 'attention' : 'all')}
            data={[
              { value: 'all', label: text.live.everything },
              { value: 'attention', label: text.live.attention },
            ]}
          />
        </Group>
        {feed.error && <Failure error={feed.error} onRetry={() => void feed.refetch()} />}
        {feed.isPending && <Lines height={78} />}
        {shown?.length === 0 &&
          (view === 'all' ? (
            <Empty icon={<IconCar />} title={text.live.empty} why={text.live.emptyWhy} />
          ) : (
            <Empty icon={<IconCircleCheck />} title={text.live.quiet} why={text.live.quietWhy} />
          ))}
        {shown && shown.length > 0 && (
          <ul className={classes.feed}>
            {shown.map((passage) => (
              <li key={passage.id}>
                <PassageLine passage={passage} />
              </li>
            ))}
          </ul>
        )}
        {feed.data && feed.data.length >= SHOWN && (
          <Text ta="center" mt="md">
            <Anchor component={Link} to="/passages">
              {text.live.older}
            </Anchor>
          </Text>
        )}
      </section>
      {ordered && <OrderDialog gate={ordered} onClose={() => setOrdered(null)} />}
    </>
  )
}
