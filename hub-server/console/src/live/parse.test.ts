// Proves that news is read whole, wherever the network cuts it.
import { expect, test } from 'vitest'

import { streamParser } from './parse'

const STREAM = ': hello\n\nid: 7\nevent: passage\ndata: {"a":1}\n\nid: 8\nevent: visit\ndata: x\ndata: y\n\n'

test('a message carries its id, its kind and its data', () => {
  const { messages, lastId } = streamParser()(STREAM)
  expect(messages).toEqual([
    { id: '7', event: 'passage', data: '{"a":1}' },
    { id: '8', event: 'visit', data: 'x\ny' },
  ])
  expect(lastId).toBe('8')
})

test('any cut, and any line ending, gives the same messages', () => {
  for (const ending of ['\n', '\r\n', '\r']) {
    const stream = STREAM.replaceAll('\n', ending)
    const whole = streamParser()(`${stream}:\n`).messages
    expect(whole).toHaveLength(2)
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const parse = streamParser()
      const pieces = [stream.slice(0, cut), stream.slice(cut), ':\n']
      expect(pieces.flatMap((piece) => parse(piece).messages)).toEqual(whole)
    }
  }
})

test('an unfinished message is not given out, and its id is not yet one to resume from', () => {
  const parse = streamParser('6')
  expect(parse('event: passage\ndata: 1\n')).toEqual({ messages: [], lastId: '6' })
  expect(parse('id: 7\n\n').messages).toEqual([{ id: '7', event: 'passage', data: '1' }])
})

test('heartbeats and unknown fields change nothing', () => {
  const parse = streamParser('6')
  expect(parse(': beat\n\nretry: 10\nodd\n\n')).toEqual({ messages: [], lastId: '6' })
})
