// The gates as tiles: who came last, and the way to open by hand.
import { Button, Skeleton, Title } from '@mantine/core'
import { IconRouter } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { Link } from 'react-router'

import { api, type Gate, take } from '../api'
import { useEdges, useGates } from '../edges/fleet'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { useMay } from '../session/session'
import { text } from '../strings'
import { GateTile } from './GateTile'
import classes from './live.module.css'

const OrderDialog = lazy(async () => ({ default: (await import('../edges/OrderDialog')).OrderDialog }))

/** How many passages the live pages look at. */
export const SHOWN = 40

/** The newest passages; the live feed shows the same. */
export function useNewest() {
  return useQuery({
    queryKey: ['passages', 'live'],
    queryFn: async () => (await take(api.GET('/api/v1/passages', { params: { query: { limit: SHOWN } } }))).items,
  })
}

export default function Lanes() {
  const gates = useGates()
  const edges = useEdges()
  const newest = useNewest()
  const mayEnrol = useMay('enrol_edges')
  const [ordered, setOrdered] = useState<Gate | null>(null)
  return (
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
            last={newest.data?.find((passage) => passage.gate.id === gate.id)}
            onOrder={() => setOrdered(gate)}
          />
        ))}
      </div>
      <Suspense>{ordered && <OrderDialog gate={ordered} onClose={() => setOrdered(null)} />}</Suspense>
    </section>
  )
}
