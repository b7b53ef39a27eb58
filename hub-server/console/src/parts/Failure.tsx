// What went wrong, in plain words, with a way on.
import { Alert, Button, Group, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'

import { ApiError } from '../api'
import { text } from '../strings'

/** One sentence for a person: the hub's own if it gave one. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return text.failure.unknown
  if (error.status === 0) return text.failure.unreachable
  const sentence = error.message || fallback(error.status)
  // With one fault the sentence names it already.
  if (error.fields.length < 2) return sentence
  return `${sentence} ${error.fields.map((fault) => `${fault.field}: ${fault.why}`).join('; ')}`
}

function fallback(status: number): string {
  switch (status) {
    case 403:
      return text.failure.forbidden
    case 404:
      return text.failure.notFound
    case 429:
      return text.failure.tooMany
    case 503:
      return text.failure.busy
    default:
      return text.failure.unknown
  }
}

/** The faults of a refused form by field, and the sentence for what belongs to none of `known`. */
export function sortFaults(
  error: unknown,
  known: readonly string[],
): { fields: Record<string, string>; rest: string | null } {
  if (!(error instanceof ApiError) || error.fields.length === 0) {
    return { fields: {}, rest: error == null ? null : explain(error) }
  }
  const fields: Record<string, string> = {}
  const others: string[] = []
  for (const fault of error.fields) {
    if (known.includes(fault.field)) {
      const before = fields[fault.field]
      fields[fault.field] = before ? `${before}; ${fault.why}` : fault.why
    } else others.push(`${fault.field}: ${fault.why}`)
  }
  return { fields, rest: others.length > 0 ? others.join('; ') : null }
}

export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const request = error instanceof ApiError ? error.requestId : ''
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title={text.failure.title} role="alert">
      <Text size="sm">{explain(error)}</Text>
      <Group mt={onRetry || request ? 'sm' : 0} gap="md">
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {text.failure.again}
          </Button>
        )}
        {request && <Text size="xs">{text.failure.request(request)}</Text>}
      </Group>
    </Alert>
  )
}
