// What went wrong, in plain words, with a way on.
import { Alert, Button, Group, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'

import { ApiError, type FieldFault } from '../api'
import { fromHub, text } from '../strings'

/** One sentence for a person: the hub's own if it gave one that can be said in the language in use. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return text.failure.unknown
  if (error.status === 0) return text.failure.unreachable
  const [only, second] = error.fields
  const sentence = fromHub(error.message) ?? ofCode(error.code)
  // With one fault the hub's sentence names it already, if it could be shown.
  if (!second && (!only || text.hub === null)) return sentence
  return `${sentence} ${error.fields.map(inWords).join('; ')}`
}

/** What a kind of error says by itself, whatever the hub said of it. */
function ofCode(code: string): string {
  const { codes } = text.failure
  return Object.hasOwn(codes, code) ? codes[code as keyof typeof codes] : text.failure.unknown
}

/** Why a field was refused. A reason that can't be said in the language in use is better in English than not at all. */
function whyOf(fault: FieldFault): string {
  return fromHub(fault.why) ?? fault.why
}

function inWords(fault: FieldFault): string {
  return `${fault.field}: ${whyOf(fault)}`
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
      fields[fault.field] = before ? `${before}; ${whyOf(fault)}` : whyOf(fault)
    } else others.push(inWords(fault))
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
