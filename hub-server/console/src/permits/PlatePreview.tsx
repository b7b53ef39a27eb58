// Shown under the plate of a permit while it is typed: what gates would take for it, and which permits are too near.
import { Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { api, ApiError, take } from '../api'
import { Mark } from '../parts/Mark'
import { Plate } from '../parts/Plate'
import { text } from '../strings'
import classes from './permits.module.css'
import { alikesOf, differenceOf, isWorthAsking } from './preview'

/** `except`: the permit that is being edited. */
export function PlatePreview({ typed, except }: { typed: string; except: string | undefined }) {
  const [plate] = useDebouncedValue(typed.trim(), 300)
  const asks = isWorthAsking(plate)
  const preview = useQuery({
    queryKey: ['permits', 'preview', plate, except],
    queryFn: () => take(api.GET('/api/v1/permits/preview', { params: { query: { plate, except } } })),
    enabled: asks,
    placeholderData: keepPreviousData,
  })
  if (!asks) return null
  if (preview.error) {
    // What is no plate yet is said when the permit is saved; anything else does not keep anybody from typing.
    const known = preview.error instanceof ApiError && preview.error.status < 500 && preview.error.status !== 0
    return known ? null : (
      <Text size="sm" c="dimmed">
        {text.preview.failed}
      </Text>
    )
  }
  if (!preview.data) return null
  const { near, taken } = preview.data
  const alikes = alikesOf(preview.data)
  return (
    <section className={classes.preview} aria-live="polite" aria-label={text.preview.title}>
      {taken && (
        <div>
          <Mark tone="bad">{text.preview.taken}</Mark> {taken.holder}
        </div>
      )}
      {near.length > 0 && (
        <Stack gap={6}>
          <Text size="sm" fw={600}>
            {text.preview.near}
          </Text>
          <Text size="xs" c="dimmed">
            {text.preview.nearWhy}
          </Text>
          <ul className={classes.near}>
            {near.map((one) => (
              <li key={one.permit.id}>
                <Plate plate={one.permit.plate} />
                <span>
                  {one.permit.holder} <span className={classes.difference}>{differenceOf(one)}</span>
                </span>
                <Mark tone={one.denied ? 'bad' : one.often ? 'warn' : 'quiet'}>
                  {one.denied ? text.permits.states.denied : one.often ? text.preview.often : text.preview.seldom}
                </Mark>
              </li>
            ))}
          </ul>
        </Stack>
      )}
      {alikes.length > 0 && (
        <Stack gap={6}>
          <Text size="sm" fw={600}>
            {text.preview.alikes}
          </Text>
          {[true, false].map((asks) => {
            const group = alikes.filter((alike) => alike.asks === asks)
            return (
              group.length > 0 && (
                <div key={String(asks)} className={classes.group}>
                  <span className={classes.difference}>{asks ? text.preview.asks : text.preview.opensWavering}</span>
                  <ul className={classes.alikes}>
                    {group.map((alike) => (
                      <li key={alike.text}>
                        <Plate plate={alike.text} />
                      </li>
                    ))}
                  </ul>
                </div>
              )
            )
          })}
        </Stack>
      )}
      {!taken && near.length === 0 && alikes.length === 0 && (
        <Text size="sm" c="dimmed">
          {text.preview.clear}
        </Text>
      )}
    </section>
  )
}
