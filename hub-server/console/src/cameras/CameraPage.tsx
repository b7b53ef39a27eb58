// One camera of a gate: a look through it, how often and where it is looked at, and who changed that.
import { Alert, Anchor, Button, Group, SegmentedControl, Slider, Stack, Text, Title } from '@mantine/core'
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconCamera,
  IconCheck,
  IconClock,
  IconTrash,
  IconX,
} from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useReducer, useState } from 'react'
import { Link, useParams } from 'react-router'

import { api, type Camera, type CameraRevision, type CameraSettings, take } from '../api'
import { queries } from '../api/queries'
import { explain, Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { PageHead } from '../parts/PageHead'
import parts from '../parts/parts.module.css'
import { complain, say } from '../parts/toast'
import { When } from '../parts/When'
import { useMay } from '../session/session'
import { text } from '../strings'
import classes from './cameras.module.css'
import { Canvas } from './Canvas'
import { begin, crossing, draw, isSame, isSound, type Kind, toAreas } from './drawing'
import { lookThrough } from './look'

const USUAL_FPS = 10

export default function CameraPage() {
  const { id = '', camera: name = '' } = useParams()
  const camera = useQuery({
    queryKey: ['camera', id, name],
    queryFn: () => take(api.GET('/api/v1/gates/{id}/cameras/{camera}', { params: { path: { id, camera: name } } })),
    // The measured rate is what a person watches here.
    refetchInterval: 2_000,
  })
  // A fresh start of the form: after a change was saved, or somebody else's is to be seen.
  const [round, setRound] = useState(0)
  return (
    <>
      <PageHead title={text.cameras.title(name)} lead={camera.data?.gate.name ?? text.cameras.lead}>
        <Anchor component={Link} to="/edges" size="sm">
          {text.cameras.toEdges}
        </Anchor>
      </PageHead>
      {camera.error && !camera.data && <Failure error={camera.error} onRetry={() => void camera.refetch()} />}
      {camera.isPending && <Lines count={2} height={280} />}
      {camera.data && (
        <Editor key={`${id} ${name} ${round}`} camera={camera.data} onFresh={() => setRound((old) => old + 1)} />
      )}
    </>
  )
}

/** What holds now, as far as it is known: what people set, or what the edge's own file says. */
function wanted(camera: Camera): CameraSettings {
  return camera.settings ?? camera.report?.own ?? { fps: USUAL_FPS, include: [], exclude: [] }
}

function Editor({ camera, onFresh }: { camera: Camera; onFresh: () => void }) {
  const may = useMay('configure_cameras')
  const path = { id: camera.gate.id, camera: camera.name }
  // What the person began with: polling must not change it under their hands.
  const [seen] = useState(() => ({ revision: camera.revision, settings: wanted(camera) }))
  const [fps, setFps] = useState(seen.settings.fps)
  const [drawing, act] = useReducer(draw, seen.settings, begin)
  const [kind, setKind] = useState<Kind>('include')
  const look = useQuery({
    queryKey: ['look', path.id, path.camera],
    queryFn: () => lookThrough(path.id, path.camera),
    enabled: may,
    // Each look is in the audit trail: only a person asks for another.
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  const areas = toAreas(drawing)
  const changed = fps !== seen.settings.fps || !isSame(areas, toAreas(begin(seen.settings)))
  const overtaken = camera.revision !== seen.revision
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/gates/{id}/cameras/{camera}', {
          params: { path, header: { 'If-Match': `"${seen.revision}"` } },
          body: { fps, ...areas },
        }),
      ),
    onSuccess: (saved) => {
      taken(saved)
      say(text.cameras.saved)
      onFresh()
    },
  })
  return (
    <div className={classes.page}>
      <div className={classes.column}>
        <section className={`${parts.card} ${classes.block}`}>
          <Canvas picture={look.data?.url} drawing={drawing} onAct={act} frozen={!may} />
          <Group justify="space-between" mt="xs" gap="xs">
            <Text size="xs" c="dimmed">
              {look.data?.at ? (
                <>
                  {text.cameras.taken} <When at={look.data.at} style="ago" />
                </>
              ) : (
                !may && text.cameras.noLook
              )}
            </Text>
            {may && (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconCamera size={15} aria-hidden="true" />}
                loading={look.isFetching}
                onClick={() => void look.refetch()}
              >
                {text.cameras.look}
              </Button>
            )}
          </Group>
          {look.error && !look.isFetching && (
            <Alert color="yellow" mt="xs" icon={<IconAlertTriangle />}>
              {explain(look.error)} {text.cameras.blind}
            </Alert>
          )}
          {may && <Tools kind={kind} onKind={setKind} drawing={drawing} act={act} />}
        </section>
      </div>
      <div className={classes.column}>
        <section className={`${parts.card} ${classes.block}`}>
          <Group justify="space-between">
            <Title order={2}>{text.cameras.rate}</Title>
            <Standing camera={camera} />
          </Group>
          {camera.refused && (
            <Alert color="red" mt="sm" icon={<IconAlertTriangle />}>
              {text.cameras.refusedWhy(camera.refused)}
            </Alert>
          )}
          <Slider
            mt="xl"
            mb="xl"
            min={1}
            max={15}
            step={1}
            value={fps}
            onChange={setFps}
            disabled={!may}
            thumbLabel={text.cameras.fps}
            label={(value) => text.cameras.perSecond(value)}
            labelAlwaysOn
            marks={[1, 5, 10, 15].map((value) => ({ value, label: value }))}
          />
          <Measured camera={camera} wantedFps={fps} />
          {may && (
            <Stack mt="lg" gap="sm">
              {overtaken && (
                <Alert color="yellow" icon={<IconAlertTriangle />}>
                  <Text size="sm">{text.cameras.overtaken}</Text>
                  <Button mt="xs" size="xs" variant="default" onClick={onFresh}>
                    {text.cameras.reload}
                  </Button>
                </Alert>
              )}
              {save.error && <Failure error={save.error} />}
              <Group justify="flex-end">
                {changed && (
                  <Button variant="default" onClick={onFresh}>
                    {text.cameras.discard}
                  </Button>
                )}
                <Button
                  disabled={!changed || overtaken || !isSound(drawing)}
                  loading={save.isPending}
                  onClick={() => save.mutate()}
                >
                  {text.action.save}
                </Button>
              </Group>
            </Stack>
          )}
        </section>
        <History camera={camera} may={may} onFresh={onFresh} />
      </div>
    </div>
  )
}

function Tools({
  kind,
  onKind,
  drawing,
  act,
}: {
  kind: Kind
  onKind: (kind: Kind) => void
  drawing: ReturnType<typeof begin>
  act: (act: Parameters<typeof draw>[1]) => void
}) {
  const { draft } = drawing
  const crossed = drawing.shapes.findIndex((shape) => crossing(shape.points) !== null)
  return (
    <>
      <div className={classes.bar}>
        {draft ? (
          <Button leftSection={<IconCheck size={16} aria-hidden="true" />} onClick={() => act({ do: 'finish' })}>
            {text.cameras.finish}
          </Button>
        ) : (
          <>
            <SegmentedControl
              aria-label={text.cameras.kind}
              value={kind}
              onChange={(value) => onKind(value === 'exclude' ? 'exclude' : 'include')}
              data={(['include', 'exclude'] as const).map((value) => ({ value, label: text.cameras.kinds[value] }))}
            />
            <Button variant="light" onClick={() => act({ do: 'begin', kind })}>
              {text.cameras.add}
            </Button>
          </>
        )}
        <Button
          variant="default"
          leftSection={<IconArrowBackUp size={16} aria-hidden="true" />}
          disabled={drawing.past.length === 0}
          onClick={() => act({ do: 'undo' })}
        >
          {text.action.undo}
        </Button>
        <Button
          variant="subtle"
          color="red"
          leftSection={<IconTrash size={16} aria-hidden="true" />}
          disabled={drawing.shapes.length === 0 && !draft}
          onClick={() => act({ do: 'clear' })}
        >
          {text.action.clear}
        </Button>
      </div>
      <Text size="sm" c="dimmed" mt="sm" aria-live="polite">
        {draft
          ? text.cameras.drawing(draft.points.length)
          : drawing.shapes.length === 0
            ? text.cameras.everything
            : text.cameras.adjust}
      </Text>
      {crossed >= 0 && (
        <Alert color="red" mt="sm" icon={<IconAlertTriangle />}>
          {text.cameras.crossed(crossed + 1)}
        </Alert>
      )}
    </>
  )
}

function Standing({ camera }: { camera: Camera }) {
  const word = text.cameras.standing[camera.standing]
  switch (camera.standing) {
    case 'applied':
      return (
        <Mark tone="good" icon={<IconCheck size={14} aria-hidden="true" />}>
          {word}
        </Mark>
      )
    case 'waiting':
      return (
        <Mark tone="warn" icon={<IconClock size={14} aria-hidden="true" />}>
          {camera.connected ? word : text.cameras.waitingAway}
        </Mark>
      )
    case 'refused':
      return (
        <Mark tone="bad" icon={<IconX size={14} aria-hidden="true" />}>
          {word}
        </Mark>
      )
    case 'own':
      return <Mark tone="quiet">{word}</Mark>
  }
}

function Measured({ camera, wantedFps }: { camera: Camera; wantedFps: number }) {
  const { report } = camera
  return (
    <>
      <dl className={classes.rates}>
        <div>
          <dt>{text.cameras.wanted}</dt>
          <dd>{text.cameras.perSecond(wantedFps)}</dd>
        </div>
        <div>
          <dt>{text.cameras.measured}</dt>
          <dd>{report ? text.cameras.perSecond(Math.round(report.looked_fps * 10) / 10) : '–'}</dd>
        </div>
        <div>
          <dt>{text.cameras.sends}</dt>
          <dd>{report ? text.cameras.perSecond(Math.round(report.camera_fps * 10) / 10) : '–'}</dd>
        </div>
      </dl>
      {report && report.allowed_fps < report.in_force.fps && (
        <Text size="sm" c="dimmed" mt="sm">
          {text.cameras.lowered(report.allowed_fps)}
        </Text>
      )}
      {!report && (
        <Text size="sm" c="dimmed" mt="sm">
          {text.cameras.noReport}
        </Text>
      )}
    </>
  )
}

function History({ camera, may, onFresh }: { camera: Camera; may: boolean; onFresh: () => void }) {
  const path = { id: camera.gate.id, camera: camera.name }
  const history = useQuery({
    queryKey: ['camera-history', path.id, path.camera, camera.revision],
    queryFn: async () =>
      (await take(api.GET('/api/v1/gates/{id}/cameras/{camera}/history', { params: { path } }))).items,
  })
  const restore = useMutation({
    mutationFn: (revision: number) =>
      take(
        api.POST('/api/v1/gates/{id}/cameras/{camera}/restore', {
          params: { path, header: { 'If-Match': `"${camera.revision}"` } },
          body: { revision },
        }),
      ),
    onSuccess: (saved) => {
      taken(saved)
      say(text.cameras.restored)
      onFresh()
    },
    onError: complain,
  })
  const button = (revision: number, label: string) => (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={label}
      loading={restore.isPending && restore.variables === revision}
      onClick={() => restore.mutate(revision)}
    >
      {text.cameras.restore}
    </Button>
  )
  return (
    <section className={`${parts.card} ${classes.block}`}>
      <Title order={2} mb="xs">
        {text.cameras.history}
      </Title>
      {history.error && <Failure error={history.error} onRetry={() => void history.refetch()} />}
      {history.isPending && <Lines count={2} height={36} />}
      <ul className={classes.history}>
        {history.data?.map((one) => (
          <li key={one.revision}>
            <div>
              <Text size="sm" fw={500}>
                {sentence(one)}
              </Text>
              <Text size="xs" c="dimmed">
                {one.by ?? text.cameras.hub}, <When at={one.at} />
              </Text>
            </div>
            {may && one.revision !== camera.revision && button(one.revision, text.cameras.restoreOf(one.revision))}
          </li>
        ))}
        {history.data && (
          <li>
            <Text size="sm">{text.cameras.own}</Text>
            {may && camera.settings && button(0, text.cameras.restoreOwn)}
          </li>
        )}
      </ul>
    </section>
  )
}

function sentence({ revision, settings }: CameraRevision): string {
  if (!settings) return text.cameras.setOwn(revision)
  return text.cameras.set(revision, settings.fps, (settings.include?.length ?? 0) + (settings.exclude?.length ?? 0))
}

/** Shows an answer at once, without another question. */
function taken(camera: Camera): void {
  queries.setQueryData(['camera', camera.gate.id, camera.name], camera)
}
