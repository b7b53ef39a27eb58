// Holds the live stream open: fetch, watch for silence, wait, resume. The rules are in resume.ts.
import { streamParser } from './parse'
import { type LiveEvent, type LiveState, SILENCE_MS, START, step } from './resume'

export interface Listener {
  /** The connection's state changed. */
  onState: (state: LiveState) => void
  /** News of this kind arrived. */
  onNews: (kind: string) => void
  /** Something may have been missed. */
  onGap: () => void
  /** Nobody is logged in any more. */
  onRefused: () => void
}

/** Connects until the function that it gives back is called. */
export function follow(listener: Listener): () => void {
  let state = START
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | undefined
  let stopped = false

  const take = (event: LiveEvent) => {
    const next = step(state, event)
    const shown = next.state.phase !== state.phase
    state = next.state
    if (stopped) return
    if (shown) listener.onState(state)
    if (next.refetch) listener.onGap()
    if (next.retryInMs !== null) timer = setTimeout(() => void connect(), next.retryInMs)
  }

  const connect = async () => {
    clearTimeout(timer)
    running = new AbortController()
    const { signal } = running
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' }
      if (state.lastId) headers['Last-Event-ID'] = state.lastId
      const response = await fetch('/api/v1/live', { headers, signal, cache: 'no-store', credentials: 'same-origin' })
      if (response.status === 401) {
        take({ kind: 'refused' })
        listener.onRefused()
        return
      }
      if (!response.ok || !response.body) throw new Error(`the live stream answered ${response.status}`)
      take({ kind: 'opened' })
      await read(response.body, running)
    } catch {
      // Whatever ended the stream, the answer is the same: try again.
    }
    take({ kind: 'lost' })
  }

  const read = async (body: ReadableStream<Uint8Array>, controller: AbortController) => {
    const parse = streamParser(state.lastId)
    const decoder = new TextDecoder()
    const reader = body.getReader()
    for (;;) {
      const silence = setTimeout(() => controller.abort(), SILENCE_MS)
      const { done, value } = await reader.read().finally(() => clearTimeout(silence))
      if (done) return
      for (const message of parse(decoder.decode(value, { stream: true })).messages) {
        take({ kind: 'message', id: message.id })
        if (!stopped) listener.onNews(message.event)
      }
    }
  }

  // A machine that comes back from sleep or finds its network again need not wait for the timer.
  const hurry = () => {
    if (state.phase === 'reconnecting' && document.visibilityState === 'visible' && timer !== undefined) void connect()
  }
  window.addEventListener('online', hurry)

  listener.onState(state)
  void connect()
  return () => {
    stopped = true
    clearTimeout(timer)
    window.removeEventListener('online', hurry)
    running?.abort()
  }
}
