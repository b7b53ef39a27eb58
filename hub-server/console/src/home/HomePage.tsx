// The first page after logging in: to each role what it needs, by its rights.
import { Button, Skeleton, Text, Title } from '@mantine/core'
import { IconEyeOff, IconUserCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { Link } from 'react-router'

import { api, type Dashboard, take } from '../api'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { useMay, useSession } from '../session/session'
import { text } from '../strings'
import { Attention } from './Attention'
import { CheckStrip } from './CheckStrip'
import { FleetHealth } from './FleetHealth'
import classes from './home.module.css'

// Both are no part of the first visit's budget.
const Figures = lazy(() => import('../figures/Figures'))
const Lanes = lazy(() => import('../live/Lanes'))

export default function HomePage() {
  const session = useSession().data
  const rights = session?.rights ?? []
  const manages = useMay('manage_accounts')
  const orders = useMay('order_barrier')
  const seesVisits = useMay('view_visits')
  const mounts = useMay('enrol_edges')
  const sees = useMay('view_passages')
  const dashboard = useQuery({
    queryKey: ['dashboard'],
    queryFn: () => take(api.GET('/api/v1/dashboard')),
    enabled: rights.length > 0,
    // Silence makes no news: an edge that went away is noticed by asking.
    refetchInterval: 30_000,
  })

  if (rights.length === 0) return <Nothing isCustomer={session?.account.role === 'customer'} />
  return (
    <>
      <PageHead title={text.home.title} lead={text.home.lead} />
      <div className={classes.page}>
        {manages && <CheckStrip />}
        {dashboard.error && <Failure error={dashboard.error} onRetry={() => void dashboard.refetch()} />}
        {dashboard.isPending && <Skeleton height={180} radius="md" />}
        {dashboard.data && <Attention dashboard={dashboard.data} />}
        {dashboard.data?.fleet && (mounts || manages) && <FleetHealth fleet={dashboard.data.fleet} />}
        {dashboard.data?.accounts && <Accounts accounts={dashboard.data.accounts} />}
        <Suspense fallback={<Skeleton height={320} radius="md" />}>
          {orders && seesVisits && !manages && <Lanes />}
          {sees && !(mounts && !manages) && <Figures />}
        </Suspense>
      </div>
    </>
  )
}

function Accounts({ accounts }: { accounts: NonNullable<Dashboard['accounts']> }) {
  const safe = accounts.active - accounts.without_second_factor
  return (
    <section aria-labelledby="accounts">
      <Title order={2} id="accounts" mb="sm">
        {text.home.accounts}
      </Title>
      <dl className={classes.tiles}>
        <div className={`${parts.card} ${classes.tile}`}>
          <dt>{text.home.accountsActive}</dt>
          <dd>{accounts.active}</dd>
        </div>
        <div className={`${parts.card} ${classes.tile}`}>
          <dt>{text.home.accountsFactor}</dt>
          <dd>{text.home.of(safe, accounts.active)}</dd>
        </div>
      </dl>
    </section>
  )
}

/** For customers, whose own pages are to come, and for roles without any right. */
function Nothing({ isCustomer }: { isCustomer: boolean }) {
  return (
    <>
      <PageHead title={text.home.title} />
      <Empty
        icon={isCustomer ? <IconUserCircle /> : <IconEyeOff />}
        title={isCustomer ? text.home.customer : text.home.nothing}
        why={isCustomer ? text.home.customerWhy : text.home.nothingWhy}
      >
        <Button component={Link} to="/account" variant="default" mt="xs">
          <Text span size="sm" fw={600}>
            {text.home.toAccount}
          </Text>
        </Button>
      </Empty>
    </>
  )
}
