import t from 'tap'
import { createOpenStreams } from './index.ts'

/** A source that gives what it is told, then waits for its end. */
function waitingSource(...given: string[]): {
  readonly source: (signal: AbortSignal) => AsyncGenerator<Uint8Array>
  /** What happened to it, in order. */
  readonly events: string[]
} {
  const events: string[] = []
  async function* source(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    events.push('begun')
    try {
      for (const text of given) yield new TextEncoder().encode(text)
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      events.push('told')
    } finally {
      events.push('cleaned up')
    }
  }
  return { source, events }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of body) text += new TextDecoder().decode(chunk)
  return text
}

t.test('a stream gives its chunks and ends with its source', async (t) => {
  const streams = createOpenStreams()
  const body = streams.open(async function* () {
    yield Uint8Array.of(97)
    yield Uint8Array.of(98)
  })
  t.equal(await textOf(body), 'ab')
})

t.test('ending the streams ends those that wait, and tells their sources', async (t) => {
  const streams = createOpenStreams()
  const { source, events } = waitingSource('a')
  const chunks = streams.open(source)[Symbol.asyncIterator]()
  t.same((await chunks.next()).value, Uint8Array.of(97))
  const waiting = chunks.next()
  streams.end()
  t.same(await waiting, { done: true, value: undefined })
  t.same(await chunks.next(), { done: true, value: undefined })
  t.same(events, ['begun', 'told', 'cleaned up'])
})

t.test('a source that waits for its reader cleans up too', async (t) => {
  const streams = createOpenStreams()
  const { source, events } = waitingSource('a', 'b')
  await streams.open(source)[Symbol.asyncIterator]().next()
  streams.end()
  await new Promise((resolve) => setImmediate(resolve))
  t.same(events, ['begun', 'cleaned up'])
})

t.test('a client that goes away ends its own stream at once, also in the middle of a wait', async (t) => {
  const streams = createOpenStreams()
  const left = waitingSource()
  const other = waitingSource()
  const chunks = streams.open(left.source)[Symbol.asyncIterator]()
  const otherText = textOf(streams.open(other.source))
  const waiting = chunks.next()
  t.same(await chunks.return?.(), { done: true, value: undefined })
  t.same(await waiting, { done: true, value: undefined })
  t.same([left.events, other.events], [['begun', 'told', 'cleaned up'], ['begun']])
  streams.end()
  t.equal(await otherText, '')
})

t.test('what is opened after the end is empty, and what nobody reads never begins', async (t) => {
  const streams = createOpenStreams()
  const { source, events } = waitingSource('a')
  streams.open(source)
  streams.end()
  t.equal(await textOf(streams.open(source)), '')
  t.same(events, [])
})

t.test('what fails in a source fails the stream, and nobody when the client has left', async (t) => {
  const streams = createOpenStreams()
  async function* failing(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(97)
    if (!signal.aborted) throw new Error('broken')
    throw new Error('never heard of')
  }
  await t.rejects(textOf(streams.open(failing)), { message: 'broken' })
  const chunks = streams.open(failing)[Symbol.asyncIterator]()
  await chunks.next()
  streams.end()
  t.same(await chunks.next(), { done: true, value: undefined })
})
