// The edges: how they are, what they hold, and how a new one joins.
import { Button, Text, Title } from '@mantine/core'
import { IconPlus, IconRouter } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, take } from '../api'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { When } from '../parts/When'
import { useMay } from '../session/session'
import { text } from '../strings'
import { EdgeCard } from './EdgeCard'
import classes from './edges.module.css'
import { EnrolDialog } from './EnrolDialog'
import { useEdges } from './fleet'
import { OrderDialog } from './OrderDialog'

export default function EdgesPage() {
  const mayEnrol = useMay('enrol_edges')
  const edges = useEdges()
  const [enrolling, setEnrolling] = useState(false)
  const [ordered, setOrdered] = useState<{ id: string; name: string } | null>(null)
  // Retired edges stay known to the hub, but nobody needs to watch them.
  const shown = edges.data?.filter((edge) => edge.state === 'enrolled')
  const enrol = (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setEnrolling(true)}>
      {text.edges.enrol}
    </Button>
  )
  return (
    <>
      <PageHead title={text.edges.title} lead={text.edges.lead}>
        {mayEnrol && enrol}
      </PageHead>
      {edges.error && <Failure error={edges.error} onRetry={() => void edges.refetch()} />}
      {edges.isPending && <Lines count={2} height={320} />}
      {shown?.length === 0 && (
        <Empty icon={<IconRouter />} title={text.edges.empty} why={text.edges.emptyWhy}>
          {mayEnrol && <span className={classes.emptyAct}>{enrol}</span>}
        </Empty>
      )}
      <div className={classes.edges}>
        {shown?.map((edge) => (
          <EdgeCard key={edge.id} edge={edge} onOrder={setOrdered} />
        ))}
      </div>
      {mayEnrol && <Pending />}
      {enrolling && <EnrolDialog onClose={() => setEnrolling(false)} />}
      {ordered && <OrderDialog gate={ordered} onClose={() => setOrdered(null)} />}
    </>
  )
}

/** Codes that were made and not used yet. */
function Pending() {
  const enrolments = useQuery({
    queryKey: ['enrolments'],
    queryFn: async () => (await take(api.GET('/api/v1/edges/enrolments'))).items,
  })
  const waiting = enrolments.data?.filter((enrolment) => enrolment.used_at == null)
  if (!waiting || waiting.length === 0) return null
  return (
    <section className={classes.pending}>
      <Title order={2} mb="sm">
        {text.edges.pending}
      </Title>
      <ul className={`${parts.card} ${classes.pendingList}`}>
        {waiting.map((enrolment) => (
          <li key={enrolment.id}>
            <Text fw={500}>{enrolment.name}</Text>
            <Text size="sm" c="dimmed">
              {text.edges.expires} <When at={enrolment.expires_at} style="ago" />
            </Text>
          </li>
        ))}
      </ul>
    </section>
  )
}
