// Reads a text/event-stream piece by piece, wherever the network cut it.

/** One message of the stream. */
export interface Message {
  /** Where to resume after this message. */
  id: string
  event: string
  data: string
}

/** What one piece of the stream completed. */
export interface Parsed {
  messages: Message[]
  /** The last id seen so far; it stays in force for messages without one. */
  lastId: string
}

/** Makes a parser that keeps what is unfinished between pieces. */
export function streamParser(lastId = ''): (piece: string) => Parsed {
  let rest = ''
  let event = ''
  let data: string[] = []
  let id = lastId

  const field = (line: string) => {
    const colon = line.indexOf(':')
    // A line that starts with a colon is a comment: the hub's heartbeat.
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') event = value
    else if (name === 'data') data.push(value)
    else if (name === 'id' && !value.includes('\0')) id = value
  }

  return (piece) => {
    const messages: Message[] = []
    // A lone CR at the very end may be the first half of a CR LF.
    const joined = rest + piece
    const whole = joined.endsWith('\r') ? joined.slice(0, -1) : joined
    const lines = whole.split(/\r\n|\r|\n/)
    rest = (lines.pop() ?? '') + joined.slice(whole.length)
    for (const line of lines) {
      if (line !== '') {
        field(line)
        continue
      }
      if (data.length > 0) messages.push({ id, event: event || 'message', data: data.join('\n') })
      event = ''
      data = []
    }
    return { messages, lastId: id }
  }
}
