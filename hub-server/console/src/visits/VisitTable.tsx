// Visits as a table.
import { Anchor, Button, Text } from '@mantine/core'
import { Link } from 'react-router'

import type { Visit, VisitState } from '../api'
import { lasting } from '../format/time'
import { Mark } from '../parts/Mark'
import parts from '../parts/parts.module.css'
import { Plate } from '../parts/Plate'
import { useNow, When } from '../parts/When'
import { text } from '../strings'

const LONG_S = 86_400

export function VisitTable({
  visits,
  state,
  onClose,
}: {
  visits: Visit[]
  state: VisitState
  onClose: ((visit: Visit) => void) | null
}) {
  const now = useNow(30_000)
  const acts = onClose !== null && state !== 'closed'
  return (
    <div className={parts.card}>
      <table className={parts.table}>
        <thead>
          <tr>
            <th>{text.visits.plate}</th>
            <th>{text.visits.holder}</th>
            <th>{text.visits.site}</th>
            <th>{text.visits.entered}</th>
            {state !== 'open' && <th>{text.visits.left}</th>}
            <th>{text.visits.duration}</th>
            {acts && <th>{text.visits.act}</th>}
          </tr>
        </thead>
        <tbody>
          {visits.map((visit) => (
            <tr key={visit.id}>
              <td>
                <Plate plate={visit.plate} />
              </td>
              <td data-label={visit.holder ? text.visits.holder : undefined}>{visit.holder}</td>
              <td data-label={text.visits.site}>{visit.site.name}</td>
              <td data-label={text.visits.entered}>
                <End at={visit.entered_at} passage={visit.entry_passage} />
              </td>
              {state !== 'open' && (
                <td data-label={text.visits.left}>
                  <End at={visit.left_at} passage={visit.exit_passage} />
                </td>
              )}
              <td data-label={text.visits.duration}>
                <Duration visit={visit} now={now} />
              </td>
              {acts && (
                <td>
                  {visit.state !== 'closed' && (
                    <Button size="xs" variant="default" onClick={() => onClose(visit)}>
                      {text.visits.close}
                    </Button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function End({ at, passage }: { at: string | null | undefined; passage: string | null | undefined }) {
  if (!at)
    return (
      <Text component="span" size="sm" c="dimmed">
        {text.visits.unknown}
      </Text>
    )
  if (!passage) return <When at={at} />
  return (
    <Anchor component={Link} to={`/passages/${passage}`} size="sm">
      <When at={at} />
    </Anchor>
  )
}

function Duration({ visit, now }: { visit: Visit; now: number }) {
  if (visit.corrected) {
    return (
      <span>
        {visit.duration_s != null && lasting(visit.duration_s)}{' '}
        <Text component="span" size="xs" c="dimmed">
          {text.visits.corrected(visit.corrected.by, visit.corrected.reason)}
        </Text>
      </span>
    )
  }
  if (visit.duration_s != null) return <>{lasting(visit.duration_s)}</>
  if (visit.state !== 'open' || !visit.entered_at) return <>–</>
  const seconds = (now - Date.parse(visit.entered_at)) / 1000
  return seconds > LONG_S ? (
    <span title={text.visits.long}>
      <Mark tone="warn">{lasting(seconds)}</Mark>
    </span>
  ) : (
    <>{lasting(seconds)}</>
  )
}
