// Speaks to the hub: the generated paths, the write token, and errors in the hub's standard shape.
import createClient from 'openapi-fetch'

import type { paths } from './schema'

let csrf = ''

/** Remembers the token that the hub wants with every write. */
export function rememberCsrf(token: string): void {
  csrf = token
}

export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET') {
      request.headers.set('X-CSRF-Token', csrf)
      // The browser may send a request again when a connection breaks; the hub then does it once.
      request.headers.set('Idempotency-Key', crypto.randomUUID())
    }
    return request
  },
})

/** One field of a request that the hub refused. */
export interface FieldFault {
  field: string
  why: string
}

/** An answer of the hub that is not the one asked for. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: FieldFault[],
    readonly requestId: string,
  ) {
    super(message)
  }
}

/** Gives the answer's data, or throws what went wrong. */
export async function take<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer
  try {
    answer = await call
  } catch {
    throw new ApiError(0, 'unreachable', '', [], '')
  }
  if (!answer.response.ok) throw readError(answer.response.status, answer.error)
  return answer.data as T
}

/** Reads the standard error body; an answer without one still becomes an error that can be shown. */
export function readError(status: number, body: unknown): ApiError {
  if (!isRecord(body)) return new ApiError(status, 'unknown', '', [], '')
  const word = (key: string) => (typeof body[key] === 'string' ? body[key] : '')
  return new ApiError(status, word('error_code'), word('message'), readFields(body.details), word('request_id'))
}

function readFields(details: unknown): FieldFault[] {
  const list = isRecord(details) ? details.fields : details
  if (!Array.isArray(list)) return []
  return list.filter(
    (item): item is FieldFault => isRecord(item) && typeof item.field === 'string' && typeof item.why === 'string',
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
