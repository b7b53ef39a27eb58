// What waits for a person's look, the worst first, each with the way there.
import { Text, Title } from '@mantine/core'
import { IconChevronRight, IconCircleCheck } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'

import type { Dashboard } from '../api'
import { wordOf } from '../format/word'
import parts from '../parts/parts.module.css'
import { When } from '../parts/When'
import { text } from '../strings'
import classes from './home.module.css'

interface Item {
  key: string
  tone: 'bad' | 'warn' | 'quiet'
  what: string
  why: ReactNode
  to: string
}

export function Attention({ dashboard }: { dashboard: Dashboard }) {
  const items = itemsOf(dashboard)
  return (
    <section aria-labelledby="attention">
      <Title order={2} id="attention" mb="sm">
        {items.length === 0 ? text.home.calm : text.home.attention}
      </Title>
      {items.length === 0 ? (
        <div className={`${parts.card} ${classes.calm}`}>
          <IconCircleCheck size={28} stroke={1.6} aria-hidden="true" />
          <Text size="sm">{text.home.calmWhy}</Text>
        </div>
      ) : (
        <ul className={`${parts.card} ${classes.items}`}>
          {items.map((item) => (
            <li key={item.key}>
              <Link to={item.to} className={classes.item}>
                <span className={classes.dot} data-tone={item.tone} aria-hidden="true" />
                <span className={classes.what}>
                  <span>{item.what}</span>
                  <span className={classes.why}>{item.why}</span>
                </span>
                <IconChevronRight size={18} className={classes.go} aria-hidden="true" />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function itemsOf({ passages, visits, fleet, accounts }: Dashboard): Item[] {
  const items: Item[] = []
  const put = (item: Item) => items.push(item)
  for (const { edge, last_heard_at } of fleet?.away ?? []) {
    const heard = last_heard_at ? (
      <>
        {text.home.heard} <When at={last_heard_at} style="ago" />
      </>
    ) : (
      text.home.neverHeard
    )
    put({ key: edge.id, tone: 'bad', what: text.home.away(edge.name), why: heard, to: '/edges' })
  }
  for (const { gate, camera, state, at } of fleet?.cameras_down ?? []) {
    const why = (
      <>
        {text.edges.camera[state]} · <When at={at} style="ago" />
      </>
    )
    const to = `/gates/${gate.id}/cameras/${encodeURIComponent(camera)}`
    put({ key: `${gate.id} ${camera}`, tone: 'bad', what: text.home.camera(camera, gate.name), why, to })
  }
  for (const { gate, state, at } of fleet?.orders_refused ?? []) {
    const why = (
      <>
        {wordOf(text.order.state, state)} <When at={at} style="ago" />
      </>
    )
    put({ key: `${gate.id} ${at}`, tone: 'warn', what: text.home.refused(gate.name), why, to: '/edges' })
  }
  for (const edge of fleet?.hot ?? [])
    put({ key: `hot ${edge.id}`, tone: 'warn', what: text.home.hot(edge.name), why: text.home.hotWhy, to: '/edges' })
  const counted = (
    key: string,
    count: number | undefined,
    tone: Item['tone'],
    say: (n: number) => string,
    why: string,
    to: string,
  ) => {
    if (count) put({ key, tone, what: say(count), why, to })
  }
  counted('asked', passages?.asked, 'warn', text.home.asked, text.home.lastDay, '/passages?outcome=ask')
  counted('unpaired', visits?.unpaired, 'warn', text.home.unpaired, text.home.unpairedWhy, '/visits?state=unpaired')
  counted('long', visits?.long, 'warn', text.home.long, text.home.longWhy, '/visits')
  counted('factor', accounts?.without_second_factor, 'warn', text.home.factor, text.home.factorWhy, '/accounts')
  counted('denied', passages?.denied, 'quiet', text.home.denied, text.home.lastDay, '/passages?outcome=deny')
  return items
}
