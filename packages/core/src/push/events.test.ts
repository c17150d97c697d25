import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createHttpClient } from '../egress/index.ts'
import { parseStrict } from '../json/index.ts'
import { createLogReader, type LogHead } from '../log/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { readEvents, type ServerSentEvent } from './event-reader.ts'
import { createHeadEvents } from './head-events.ts'
import { startServer, type TestServer, until } from './test-network.ts'

/** When a subscription is renewed with the jitter of these tests, and when it is asked for again after a failure. */
const RENEW_MS = 0.95 * 24 * 60 * 60 * 1000
const RETRY_MS = 0.95 * 60 * 1000

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Reads events over HTTP. */
async function listen(
  t: Test,
  server: TestServer,
  target: string,
  headers: Record<string, string> = {},
): Promise<{ text: () => string; status: number; end: () => void }> {
  const stop = new AbortController()
  const response = await fetch(`${server.serverName}${target}`, { headers, signal: stop.signal })
  let text = ''
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk)
  }
  const reading = read().catch(() => undefined)
  t.teardown(() => stop.abort())
  return { text: () => text, status: response.status, end: () => (stop.abort(), void reading) }
}

/** Sizes of the heads in a stream. */
const sizesIn = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, size]) => Number(size))

async function headOf(server: TestServer): Promise<LogHead> {
  return (await createLogReader(server.store.log).head(server.serverName))!
}

t.test('each head is an event, beginning with the one that the reader lacks', async (t) => {
  const time = manualEnvironment()
  const server = await startServer(t, time)
  const fresh = await listen(t, server, '/manga/log/events')
  await until(() => sizesIn(fresh.text()).length === 1)
  t.same(sizesIn(fresh.text()), [0], 'the present one, since none is known')
  await server.publish(3)
  await until(() => sizesIn(fresh.text()).length === 2)
  t.match(fresh.text(), /^event: head\nid: 3\ndata: {"epoch":1,.*}\n\n/m)
  const data = /id: 3\ndata: (.*)\n/.exec(fresh.text())?.[1] ?? ''
  t.same(parseStrict(bytesOf(data)), (await headOf(server)).json)

  const since = await listen(t, server, '/manga/log/events?since=3')
  const behind = await listen(t, server, '/manga/log/events?since=2')
  const resumed = await listen(t, server, '/manga/log/events?since=0', { 'last-event-id': '3' })
  const confused = await listen(t, server, '/manga/log/events?since=3', { 'last-event-id': 'x' })
  await until(() => [since, resumed, confused].every(({ text }) => text().startsWith(':\n\n')))
  await server.publish(1)
  for (const reader of [since, resumed, confused]) {
    await until(() => sizesIn(reader.text()).length > 0)
    t.same(sizesIn(reader.text()), [4])
  }
  await until(() => sizesIn(behind.text()).length === 2)
  t.same(sizesIn(behind.text()), [3, 4])

  await until(() => time.waiting >= 5)
  const before = since.text().length
  await time.advance(15_000)
  await until(() => since.text().length > before)
  t.ok(since.text().endsWith('\n\n:\n\n'), 'a comment')
  t.equal((await listen(t, server, '/manga/log/events?since=-1')).status, 400)
})

t.test('no client has more than 8 streams, and one that ends makes room', async (t) => {
  const server = await startServer(t, manualEnvironment())
  const streams = await Promise.all(Array.from({ length: 8 }, () => listen(t, server, '/manga/log/events')))
  await until(() => streams.every(({ text }) => text() !== ''))
  const refused = await fetch(`${server.serverName}/manga/log/events`)
  t.match(refused, { status: 429 })
  t.equal(refused.headers.get('retry-after'), '60')
  streams[0]?.end()
  let status = 0
  while (status !== 200) ({ status } = await listen(t, server, '/manga/log/events'))
  t.equal((await fetch(`${server.serverName}/manga/log/events`, { method: 'HEAD' })).status, 429)
})

t.test('there are 1,000 streams at most', async (t) => {
  const time = manualEnvironment()
  const events = createHeadEvents(time)
  const stop = new AbortController()
  const open = Array.from({ length: 1_000 }, (_, index) =>
    events.read(-1, `10.0.${index >> 8}.${index & 255}`, stop.signal),
  )
  events.requireRoom('192.0.2.1')
  const firsts = await Promise.all(open.map((stream) => stream.next()))
  t.ok(firsts.every(({ value }) => new TextDecoder().decode(value ?? undefined) === ':\n\n'))
  t.throws(() => events.requireRoom('192.0.2.1'), { code: 'rate_limited', headers: { 'retry-after': '60' } })
  t.same(await events.read(-1, '192.0.2.1', stop.signal).next(), { done: true, value: undefined }, 'that was late')
  const waiting = open.map((stream) => stream.next())
  stop.abort()
  t.ok((await Promise.all(waiting)).every(({ done }) => done === true))
  events.requireRoom('192.0.2.1')
  t.equal(time.waiting, 0)
})

t.test('a head that was told before is no event, and a slow reader gets the newest', async (t) => {
  const events = createHeadEvents(manualEnvironment())
  const server = await startServer(t, manualEnvironment())
  const stream = events.read(0, '192.0.2.1', new AbortController().signal)
  await stream.next()
  await server.publish(1)
  const head = await headOf(server)
  const textOf = ({ value }: IteratorResult<Uint8Array, void>): string => new TextDecoder().decode(value ?? undefined)
  events.tell({ ...head, size: 2 })
  events.tell({ ...head, size: 3 })
  t.match(textOf(await stream.next()), /id: 3/)
  events.tell({ ...head, size: 3 })
  const next = stream.next()
  events.tell({ ...head, size: 3, issuedTs: head.issuedTs + 1 })
  t.match(textOf(await next), /id: 3/, 'signed anew')
  await stream.return()
})

t.test('events are read as they were written, however they are cut', (t) => {
  const line = fc.constantFrom(
    'event: head',
    'id: 5',
    'id:6',
    'data: {}',
    'data',
    ': comment',
    'other: x',
    '',
    'event:',
    'id: \0',
  )
  const text = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
    .map((lines) => `${lines.map((pair) => pair.join('')).join('')}data: end\n\n`)
  const read = (chunks: readonly Uint8Array[]): ServerSentEvent[] => {
    const events: ServerSentEvent[] = []
    const take = readEvents((event) => void events.push(event))
    chunks.forEach(take)
    return events
  }
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (written, size) => {
      const bytes = bytesOf(written)
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      return JSON.stringify(read(cut)) === JSON.stringify(read([bytes]))
    }),
  )
  t.same(read([bytesOf(':\n\nevent: head\nid: 5\ndata: {}\n\nevent: lost\n\ndata: x\r\n\r\ndata: half\n')]), [
    { type: 'head', lastEventId: '5' },
    { type: 'message', lastEventId: '5' },
  ])
  const take = readEvents(() => {})
  t.throws(
    () => {
      for (let index = 0; index < 30; index++) take(bytesOf('x'.repeat(1024)))
    },
    { code: 'response_too_large' },
  )
  t.end()
})

/** An origin and a server that follows it, which did not subscribe yet. */
async function startPair(
  t: Test,
  reachable = true,
): Promise<{ origin: TestServer; follower: TestServer; time: ManualEnvironment }> {
  const time = manualEnvironment()
  const [origin, follower] = await Promise.all([startServer(t, time), startServer(t, time, { reachable })])
  await follower.follow(origin)
  return { origin, follower, time }
}

const requestsTo = (server: TestServer, start: string): number =>
  server.requests.filter((request) => request.startsWith(start)).length

const asked = (origin: TestServer): number => requestsTo(origin, 'POST /v1/federation/followers')
const listened = (origin: TestServer): number => requestsTo(origin, 'GET /v1/manga/log/events')

t.test('a server subscribes once, again every day, and ends it', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const { subscriptions } = follower.push
  subscriptions.announce(origin.serverName)
  subscriptions.announce(origin.serverName)
  await until(() => origin.push.followers().length === 1)
  t.equal(asked(origin), 1)
  await time.advance(RENEW_MS)
  await until(() => asked(origin) === 2)
  t.equal(listened(origin), 0)
  subscriptions.withdraw(origin.serverName)
  subscriptions.withdraw(origin.serverName)
  await until(() => origin.push.followers().length === 0)
  t.equal(requestsTo(origin, 'DELETE'), 1)
})

t.test(
  'an origin that is not there is asked again later, and one that is left in vain is left all the same',
  async (t) => {
    const { origin, follower, time } = await startPair(t)
    const { subscriptions } = follower.push
    origin.mischief = () => 'lose'
    subscriptions.announce(origin.serverName)
    await until(() => follower.lines.length === 1)
    t.match(follower.lines, [{ level: 'info', message: /could not be asked to push/ }])
    origin.mischief = () => undefined
    await time.advance(60_000)
    await until(() => origin.push.followers().length === 1)
    origin.mischief = () => 'lose'
    subscriptions.withdraw(origin.serverName)
    await until(() => follower.lines.some(({ message }) => message.includes('not wanted any more')))
  },
)

t.test('where pushes stay away the origin is asked why, and its events are read instead', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const { subscriptions } = follower.push
  subscriptions.announce(origin.serverName)
  await until(() => origin.push.followers()[0]?.state === 'in_step')
  follower.mischief = (request) => (request.startsWith('PUT') ? { status: 502 } : undefined)
  await origin.publish(1)
  await until(() => origin.push.followers()[0]?.state === 'failing')

  subscriptions.applied(origin.serverName)
  t.equal(asked(origin), 1, 'it was asked just now')
  await time.advance(10 * 60_000)
  await subscriptions.whilePushing(origin.serverName, async () => subscriptions.applied(origin.serverName))
  t.equal(asked(origin), 1, 'a push brought it')
  subscriptions.applied(origin.serverName)
  await until(() => listened(origin) === 1)
  t.ok(follower.lines.some(({ message }) => message.includes('its events are read instead')))
  await until(() => follower.poked.length === 1)

  await origin.publish(1)
  await until(() => follower.poked.length === 2)
  t.same(follower.poked, [origin.serverName, origin.serverName])
})

t.test('events are read until an origin takes one more follower', async (t) => {
  const { origin, follower, time } = await startPair(t)
  origin.mischief = (request) => (request.startsWith('POST') ? { status: 403 } : undefined)
  follower.push.subscriptions.announce(origin.serverName)
  await until(() => listened(origin) === 1)
  origin.mischief = () => undefined
  await time.advance(RETRY_MS)
  await until(() => origin.push.followers().length === 1)
  await origin.publish(1)
  await until(() => origin.push.followers()[0]?.size === 1)
  const before = listened(origin)
  await time.advance(10 * 60_000)
  t.equal(listened(origin), before, 'no more events are read')
})

t.test('a server that cannot be reached reads events, and connects again where it was cut off', async (t) => {
  const { origin, follower, time } = await startPair(t, false)
  const { subscriptions } = follower.push
  let isCut = false
  origin.mischief = () => (isCut ? { status: 503 } : undefined)
  subscriptions.announce(origin.serverName)
  await until(() => listened(origin) === 1)
  t.equal(asked(origin), 0)
  await origin.publish(1)
  await until(() => follower.poked.length === 1)

  isCut = true
  origin.endStreams()
  for (const pauseMs of [750, 1_500, 3_000]) {
    const before = listened(origin)
    await until(() => time.waiting > 0)
    await time.advance(pauseMs)
    await until(() => listened(origin) === before + 1)
  }
  t.ok(follower.lines.some(({ message }) => message.includes('answered 503')))
  isCut = false
  await origin.restart()
  await time.advance(6_000)
  await until(() => listened(origin) === 5)
  subscriptions.withdraw(origin.serverName)
  t.equal(requestsTo(origin, 'DELETE'), 0)
  await time.advance(10 * 60_000)
  t.equal(listened(origin), 5)
})

t.test('a stream on which nothing comes for 45 s is made anew, and one too long is ended', async (t) => {
  const { origin, follower, time } = await startPair(t, false)
  origin.mischief = () => 'hang'
  follower.push.subscriptions.announce(origin.serverName)
  await until(() => listened(origin) === 1)
  await time.advance(45_000)
  await until(() => follower.lines.some(({ message }) => message.includes('Nothing came for 45000 ms')))
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  origin.mischief = () => ({ status: 200, json: 'x'.repeat(5000) })
  const chunks: Uint8Array[] = []
  const stream = client.stream(origin.serverName, {
    maxBytes: 1000,
    idleMs: 1000,
    signal: new AbortController().signal,
    onChunk: (chunk) => void chunks.push(chunk),
  })
  await t.rejects(stream, { code: 'response_too_large' })
  t.same(chunks, [])
})
