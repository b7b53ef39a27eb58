// The checklists: what the hub still needs after its set-up, and before real gates depend on it.
import { Button, Progress, Text, Title } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconHelpCircle } from '@tabler/icons-react'
import { Link } from 'react-router'

import type { ChecklistItem } from '../api'
import { wordOf } from '../format/word'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark, type Tone } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { text } from '../strings'
import { PLACES, useChecklist } from './checklist'
import classes from './checklist.module.css'

const TONES: Record<ChecklistItem['state'], Tone> = { done: 'good', open: 'bad', unknown: 'warn' }
const ICONS = { done: IconCircleCheck, open: IconAlertTriangle, unknown: IconHelpCircle } as const

export default function ChecklistPage() {
  const checklist = useChecklist()
  return (
    <>
      <PageHead title={text.checklist.title} lead={text.checklist.lead} />
      {checklist.error && <Failure error={checklist.error} onRetry={() => void checklist.refetch()} />}
      {checklist.isPending && <Lines count={6} />}
      {checklist.data && (
        <div className={classes.lists}>
          <List id="set-up" title={text.checklist.setUp} items={checklist.data.set_up} />
          <List id="production" title={text.checklist.production} items={checklist.data.production} />
        </div>
      )}
    </>
  )
}

function List({ id, title, items }: { id: string; title: string; items: readonly ChecklistItem[] }) {
  const done = items.filter((item) => item.state === 'done').length
  const progress = text.checklist.progress(done, items.length)
  return (
    <section aria-labelledby={id}>
      <div className={classes.head}>
        <Title order={2} id={id}>
          {title}
        </Title>
        <Text size="sm" c="dimmed" className={classes.progress}>
          {progress}
        </Text>
      </div>
      <Progress value={(done / items.length) * 100} aria-label={progress} mb="sm" />
      <ul className={`${parts.card} ${classes.list}`}>
        {items.map((item) => (
          <Item key={item.id} item={item} />
        ))}
      </ul>
    </section>
  )
}

const isKnown = (id: string): id is keyof typeof text.checklist.items => Object.hasOwn(text.checklist.items, id)

function Item({ item }: { item: ChecklistItem }) {
  const known = isKnown(item.id) ? text.checklist.items[item.id] : null
  const Icon = ICONS[item.state]
  return (
    <li className={classes.item}>
      <Text fw={600} size="sm" className={classes.title}>
        {known?.title ?? text.checklist.other}
      </Text>
      <Mark tone={TONES[item.state]} icon={<Icon size={15} aria-hidden="true" />}>
        {wordOf(text.checklist.states, item.state)}
      </Mark>
      {item.state !== 'done' && (
        <>
          <Text size="sm" c="dimmed" className={classes.todo}>
            {known?.todo ?? item.why} {found(item)}
          </Text>
          {known && <Act id={item.id} name={known.act} />}
        </>
      )}
    </li>
  )
}

function Act({ id, name }: { id: string; name: string }) {
  const place = PLACES[id]
  if (!place) return null
  // What the hub itself answers is no page of the console.
  return place.includes('.') ? (
    <Button component="a" href={place} size="xs" variant="default" className={classes.act}>
      {name}
    </Button>
  ) : (
    <Button component={Link} to={place} size="xs" variant="default" className={classes.act}>
      {name}
    </Button>
  )
}

/** What the hub found, where it says more than that something is missing. */
function found(item: ChecklistItem): string {
  if (item.id === 'clock' && item.count) return text.checklist.behind(item.count)
  if (item.names.length > 0) return text.checklist.named(item.names.map((name) => wordOf(text.role, name)).join(', '))
  return item.count ? text.checklist.counted(item.count) : ''
}
