// Everything that is known of one passage.
import { Anchor, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { Link, useParams } from 'react-router'

import { api, type PassageDetail, take } from '../api'
import { percent } from '../format/share'
import { wordOf } from '../format/word'
import { Failure } from '../parts/Failure'
import parts from '../parts/parts.module.css'
import { Plate } from '../parts/Plate'
import { When } from '../parts/When'
import { text } from '../strings'
import { Crop } from './Crop'
import { Frame } from './Frame'
import { OutcomeMark } from './OutcomeMark'
import classes from './passages.module.css'
import { ReadDetail } from './ReadDetail'
import { StageBar } from './StageBar'
import { reasonOf } from './vehicle'
import { MismatchNote, VehicleFacts } from './VehicleMark'

export default function PassagePage() {
  const { id = '' } = useParams()
  const passage = useQuery({
    queryKey: ['passages', 'one', id],
    queryFn: () => take(api.GET('/api/v1/passages/{id}', { params: { path: { id } } })),
  })
  const title = text.passage.title(passage.data?.plate ?? text.noPlate)
  useEffect(() => {
    document.title = `${title} · ${text.product}`
  }, [title])
  return (
    <>
      <Anchor
        component={Link}
        to="/passages"
        size="sm"
        mb="xs"
        display="inline-flex"
        style={{ alignItems: 'center', gap: 6 }}
      >
        <IconArrowLeft size={16} aria-hidden="true" />
        {text.passages.title}
      </Anchor>
      {passage.error && <Failure error={passage.error} onRetry={() => void passage.refetch()} />}
      {passage.isPending && <Skeleton height={480} radius="md" />}
      {passage.data && <Detail passage={passage.data} />}
    </>
  )
}

function Detail({ passage }: { passage: PassageDetail }) {
  return (
    <>
      <Group mb="lg" gap="md" align="center">
        <Title order={1}>
          <Plate plate={passage.plate} size="xl" />
        </Title>
        <OutcomeMark outcome={passage.outcome} />
        <Text c="dimmed">
          {passage.gate.name} · {text.direction[passage.direction]} · <When at={passage.first_seen} />
        </Text>
      </Group>
      <div className={classes.detail}>
        <div className={classes.column}>
          <section className={`${parts.card} ${classes.picture}`}>
            <Frame passage={passage}>
              <span>
                {text.passage.camera} {passage.camera} · {text.passage.frames(passage.frames)}
                {passage.heading && ` · ${text.heading[passage.heading]}`}
              </span>
            </Frame>
          </section>
          <section className={`${parts.card} ${classes.section}`}>
            <StageBar stages={passage.stages} />
          </section>
          <Section title={text.passage.read}>
            <ReadDetail passage={passage} />
          </Section>
        </div>
        <div className={classes.column}>
          <VerdictCard passage={passage} />
          <Section title={text.passage.barrier}>
            <Moves passage={passage} />
          </Section>
          <Section title={text.passage.source}>
            <Source passage={passage} />
          </Section>
        </div>
      </div>
    </>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={`${parts.card} ${classes.section}`}>
      <Title order={2} mb="sm">
        {title}
      </Title>
      {children}
    </section>
  )
}

function VerdictCard({ passage }: { passage: PassageDetail }) {
  return (
    <section className={`${parts.card} ${classes.section} ${classes.verdict}`}>
      <Stack gap="md">
        <Crop pictures={passage.pictures} plate={passage.plate} size="lg" />
        <div>
          <Group justify="space-between" mb={4}>
            <Title order={2}>{text.passage.verdict}</Title>
            <OutcomeMark outcome={passage.outcome} />
          </Group>
          <Text>{reasonOf(passage)}</Text>
          <Text size="sm" c="dimmed">
            {text.passage.book(passage.book_version)}
          </Text>
        </div>
        <MismatchNote passage={passage} />
        <dl className={classes.facts}>
          <dt>{text.passage.permit}</dt>
          <dd>
            {passage.permit ? (
              <Anchor component={Link} to={`/permits?permit=${passage.permit.id}`} size="sm">
                {passage.permit.plate} · {passage.permit.holder}
              </Anchor>
            ) : (
              text.passage.noPermit
            )}
          </dd>
          {passage.probability != null && (
            <>
              <dt>{text.passage.probability}</dt>
              <dd>{percent(passage.probability)}</dd>
            </>
          )}
          {passage.runner_up && (
            <>
              <dt>{text.passage.runnerUp}</dt>
              <dd>
                <Anchor component={Link} to={`/permits?permit=${passage.runner_up.permit.id}`} size="sm">
                  {passage.runner_up.permit.plate} · {passage.runner_up.permit.holder}
                </Anchor>{' '}
                {percent(passage.runner_up.probability)}
              </dd>
            </>
          )}
          {passage.confidence != null && (
            <>
              <dt>{text.passage.confidence}</dt>
              <dd>{percent(passage.confidence)}</dd>
            </>
          )}
          {passage.detection != null && (
            <>
              <dt>{text.passage.detection}</dt>
              <dd>{percent(passage.detection)}</dd>
            </>
          )}
          <VehicleFacts vehicle={passage.vehicle} />
        </dl>
      </Stack>
    </section>
  )
}

function Moves({ passage }: { passage: PassageDetail }) {
  if (passage.barrier.length === 0) return <Text c="dimmed">{text.passage.still}</Text>
  return (
    <ol className={classes.moves}>
      {passage.barrier.map((move) => (
        <li key={`${move.action} ${move.at}`}>
          <When at={move.at} />
          <span>
            <b>{text.passage.action[move.action]}</b> {wordOf(text.passage.cause, move.cause)}
          </span>
        </li>
      ))}
    </ol>
  )
}

function Source({ passage }: { passage: PassageDetail }) {
  const { event } = passage
  return (
    <dl className={classes.facts}>
      <dt>{text.passage.edge}</dt>
      <dd>{event.edge.name}</dd>
      <dt>{text.passage.event}</dt>
      <dd>{text.passage.eventNumber(event.epoch, event.seq)}</dd>
      <dt>{text.passage.at}</dt>
      <dd>
        <When at={event.at} />
      </dd>
      <dt>{text.passage.received}</dt>
      <dd>
        <When at={event.received_at} />
      </dd>
      <dt>{text.passage.clock}</dt>
      <dd>{wordOf(text.passage.quality, event.time_quality)}</dd>
      <dt>{text.passage.models}</dt>
      <dd>{passage.models.join(', ')}</dd>
    </dl>
  )
}
