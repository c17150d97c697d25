import t, { type Test } from 'tap'
import { createHttpClient, signRequest } from '../egress/index.ts'
import { encodeCanonical, type JsonObject, parseStrict } from '../json/index.ts'
import { loadOwnKeys, type OwnKeys } from '../keys/index.ts'
import { createLogReader, encodeLogPage } from '../log/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { PeerAnswer } from '../peers/index.ts'
import { memoryStore } from '../store/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { startServer, type TestServer, until } from './test-network.ts'

/** A server with a log of 100 entries, and one that follows it, which gets what the test sends by hand. */
async function startPair(
  t: Test,
): Promise<{ origin: TestServer; follower: TestServer; time: ManualEnvironment; send: Send }> {
  const time = manualEnvironment()
  const [origin, follower] = await Promise.all([startServer(t, time), startServer(t, time)])
  await follower.follow(origin)
  await origin.publish(100)
  const send: Send = (id, body) =>
    origin.peers.request('PUT', `${follower.serverName}/federation/send/${id}`, { bytes: body })
  return { origin, follower, time, send }
}

type Send = (id: string, body: Uint8Array) => Promise<PeerAnswer>

/** The entries from `since` on as they are pushed, or as something else says. */
async function transaction(
  origin: TestServer,
  since: number,
  limit: number,
  more: JsonObject = {},
): Promise<Uint8Array> {
  const page = await createLogReader(origin.store.log).page(origin.serverName, { since, limit, maxBytes: 2 ** 22 })
  const json = parseStrict(encodeLogPage(page, origin.serverName)) as JsonObject
  return encodeCanonical({ ...json, ...more })
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

t.test('a transaction is stored once, however often, in whatever order and how many at a time it comes', async (t) => {
  const { origin, follower, send } = await startPair(t)
  const [first, second] = await Promise.all([transaction(origin, 0, 10), transaction(origin, 10, 10)])

  t.match(await send('b', second), { status: 409, json: { size: 0 } }, 'the later one came first')
  t.match(await send('a', first), { status: 200, json: { size: 10 } })
  t.match(await send('a', first), { status: 200, json: { size: 10 } }, 'the same again')
  t.match(await send('b', second), { status: 200, json: { size: 20 } }, 'the later one again')
  t.match(await send('a', first), { status: 200, json: { size: 20 } }, 'the same after others')
  t.same(follower.stored, [10, 10])

  const third = await transaction(origin, 20, 10)
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => send(index < 4 ? 'c' : `c${index}`, third)))
  for (const answer of answers) t.match(answer, { status: 200, json: { size: 30 } })
  t.same(follower.stored, [10, 10, 10])

  t.match(await send('d', await transaction(origin, 25, 10)), { status: 409, json: { size: 30 } }, 'it overlaps')
})

t.test('an id stands for one transaction within a day', async (t) => {
  const { origin, send, time } = await startPair(t)
  const first = await transaction(origin, 0, 10)
  const second = await transaction(origin, 10, 10)
  t.match(await send('a', first), { status: 200 })
  t.match(await send('a', second), { status: 400, json: { error_code: 'transaction_reused' } })
  await time.advance(24 * 60 * 60 * 1000 + 1)
  t.match(await send('a', second), { status: 200, json: { size: 20 } })
})

t.test('what is no transaction of its sender is refused, and nothing is stored', async (t) => {
  const { origin, follower, send } = await startPair(t)
  const foreign = follower.serverName
  const rows: [name: string, body: Uint8Array, status: number, code: string, message: RegExp][] = [
    ['no JSON', bytesOf('{'), 400, 'invalid_json', /Line 1/],
    ['JSON with a fraction', bytesOf('{"start":0.5}'), 400, 'invalid_json', /fraction/],
    ['a list', bytesOf('[]'), 422, 'page_refused', /is a JSON object/],
    ['no origin', bytesOf('{}'), 403, 'not_allowed', /Only the log of/],
    ['forwarded', await transaction(origin, 0, 5, { origin: foreign }), 403, 'not_allowed', /Only the log of/],
    ['altered', await transaction(origin, 0, 5, { bodies: { '0': { id: 'x' } } }), 422, 'page_refused', /was altered/],
    ['without proof', await transaction(origin, 0, 5, { proof: [] }), 422, 'page_refused', /do not lead to the head/],
    ['without head', await transaction(origin, 0, 5, { head: null }), 422, 'page_refused', /head/],
  ]
  for (const [index, [name, body, status, code, message]] of rows.entries()) {
    t.match(await send(`t${index}`, body), { status, json: { error_code: code, message } }, name)
  }
  t.equal(follower.held(origin), 0)
})

t.test(
  'a head older than one that was seen is no reason to stop: the sender goes on from where the follower is',
  async (t) => {
    const { origin, follower, send } = await startPair(t)
    const old = await transaction(origin, 10, 10)
    await origin.publish(1)
    await follower.pull(origin, 10)
    t.match(await send('a', old), { status: 409, json: { size: 10 } })
  },
)

t.test('only a followed server may push', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const stranger = await startServer(t, time)
  await stranger.publish(1)
  const body = await transaction(stranger, 0, 1)
  const url = `${follower.serverName}/federation/send/x`
  t.match(await stranger.peers.request('PUT', url, { bytes: body }), {
    status: 403,
    json: { error_code: 'not_followed', message: /does not follow/ },
  })
  t.same(stranger.requests, [], 'a stranger makes nobody fetch its keys')
  await follower.store.following.delete(origin.serverName)
  t.match(await origin.peers.request('PUT', url, { bytes: body }), { status: 403 })
})

t.test('a transaction that is too long is refused before it is read', async (t) => {
  const { send } = await startPair(t)
  const answer = await send('long', new Uint8Array(4 * 1024 * 1024 + 64 * 1024 + 1).fill(32))
  t.match(answer, { status: 413, json: { error_code: 'body_too_large' } })
})

t.test('a busy follower asks for a pause', async (t) => {
  const { origin, follower, send } = await startPair(t)
  follower.reception = (size) => ({ outcome: 'busy', size })
  t.match(await send('a', await transaction(origin, 0, 1)), { status: 429, headers: { 'retry-after': '1' } })
  follower.reception = () => ({ outcome: 'not_followed' })
  t.match(await send('b', await transaction(origin, 0, 2)), { status: 403, json: { error_code: 'not_followed' } })
})

/** Keys that no server publishes. */
async function strayKeys(server: TestServer, time: ManualEnvironment): Promise<OwnKeys> {
  const { identity } = memoryStore()
  return loadOwnKeys({ serverName: server.serverName, store: identity, given: undefined, environment: time })
}

t.test('a request is believed to be of its sender only when it is: 401 says so', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any', environment: time })
  t.teardown(() => client.close())
  const url = `${follower.serverName}/federation/send/x`
  const body = await transaction(origin, 0, 1)
  const forged = (await strayKeys(origin, time)).active()[0]!
  const [own] = (
    await loadOwnKeys({
      serverName: origin.serverName,
      store: origin.store.identity,
      given: undefined,
      environment: time,
    })
  ).active()
  const signed = (key: typeof forged, more: object = {}): Record<string, string> =>
    signRequest({
      method: 'PUT',
      targetUri: url,
      body: { bytes: body, contentType: 'application/json' },
      senderName: origin.serverName,
      keyId: key.keyId,
      key: key.signingKey,
      now: time.now(),
      ...more,
    })
  const put = (headers: Record<string, string>, bytes = body) =>
    client.request('PUT', url, { headers, body: bytes, maxBytes: 1000 })
  const good = signed(own!)
  const rows: [name: string, headers: Record<string, string>, code: string, bytes?: Uint8Array][] = [
    ['no signature', { 'content-type': 'application/json' }, 'missing_request_signature'],
    ['a key of somebody else', signed(forged), 'invalid_request_signature'],
    ["somebody else's key under its id", signed({ ...forged, keyId: own!.keyId }), 'invalid_request_signature'],
    ['another body', good, 'invalid_request_signature', bytesOf('{}')],
    ['another target', signed(own!, { targetUri: `${url}y` }), 'invalid_request_signature'],
    ['an old one', signed(own!, { now: time.now() - 301_000 }), 'stale_request'],
  ]
  for (const [name, headers, code, bytes] of rows) {
    const answer = await put(headers, bytes)
    t.match(answer, { status: 401, headers: { 'www-authenticate': /^Signature / } }, name)
    t.match(parseStrict(answer.body), { error_code: code }, name)
  }
  t.equal((await put(good)).status, 200)
  t.match(parseStrict((await put(good)).body), { error_code: 'replayed_request' }, 'the same request again')
  t.same(follower.stored, [1])
})

t.test('a server subscribes itself only, as often as it likes, and leaves by itself', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const other = await startServer(t, time)
  const followers = `${origin.serverName}/federation/followers`
  const post = (json: JsonObject): Promise<PeerAnswer> =>
    follower.peers.request('POST', followers, { bytes: encodeCanonical(json) })
  const remove = (sender: TestServer): Promise<PeerAnswer> =>
    sender.peers.request('DELETE', `${followers}/${encodeServerNameSegment(follower.serverName)}`)

  t.match(await post({ server_name: other.serverName }), { status: 403, json: { error_code: 'not_allowed' } })
  t.match(await post({}), { status: 400, json: { error_code: 'invalid_parameter' } })
  for (const time of ['once', 'again']) {
    t.match(
      await post({ server_name: follower.serverName }),
      { status: 201, json: { server_name: follower.serverName } },
      time,
    )
  }
  t.equal(origin.push.followers().length, 1)
  await until(() => origin.push.followers()[0]?.state === 'in_step')
  t.equal(follower.held(origin), 100, 'a new follower is told all')

  t.match(await remove(other), { status: 403, json: { error_code: 'not_allowed' } })
  for (const time of ['once', 'again']) t.match(await remove(follower), { status: 204 }, time)
  t.same(origin.push.followers(), [])
  t.equal(await origin.store.followers.count(), 0)

  const itself = await origin.peers.request('POST', followers, {
    bytes: encodeCanonical({ server_name: origin.serverName }),
  })
  t.match(itself, { status: 403, json: { message: /the server itself/ } })
})
