// What comes to the gates, as it happens: a tile for each gate, and the newest passages below.
import { Anchor, Group, SegmentedControl, Text, Title } from '@mantine/core'
import { IconCar, IconCircleCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { Link } from 'react-router'

import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { PageHead } from '../parts/PageHead'
import { text } from '../strings'
import Lanes, { SHOWN, useNewest } from './Lanes'
import classes from './live.module.css'
import { PassageLine } from './PassageLine'

export default function LivePage() {
  const [view, setView] = useState<'all' | 'attention'>('all')
  const feed = useNewest()
  const shown = view === 'all' ? feed.data : feed.data?.filter((passage) => passage.outcome !== 'open')

  return (
    <>
      <PageHead title={text.live.title} lead={text.live.lead} />
      <Lanes />
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
    </>
  )
}
