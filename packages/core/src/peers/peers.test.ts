import t, { type Test } from 'tap'
import { createHttpClient, type HttpClient, signRequest } from '../egress/index.ts'
import { serveHttp } from '../egress/test-servers.ts'
import { FederationError } from '../errors.ts'
import { type Call, readRequestBody } from '../http/index.ts'
import { createKeyRing, loadOwnKeys, type OwnKeys } from '../keys/index.ts'
import { startOrigin, type TestOrigin } from '../keys/test-origin.ts'
import { createWorkLimits } from '../limits/index.ts'
import { silentLogger } from '../logger.ts'
import { memoryStore } from '../store/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { type Admission, authenticate, type Authentication, createPeerClient, createStrangerLimits } from './index.ts'

const RECEIVER = 'https://receiver.example/v1'
const BODY = new TextEncoder().encode('{"a":1}')

function openClient(t: Test): HttpClient {
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  return client
}

/** A server that signs requests and publishes its keys. */
interface Sender {
  readonly origin: TestOrigin
  readonly keys: OwnKeys
}

async function startSender(t: Test, time: ManualEnvironment): Promise<Sender> {
  const origin = await startOrigin()
  t.teardown(() => origin.close())
  const { identity: store } = memoryStore()
  const keys = await loadOwnKeys({ serverName: origin.serverName, store, given: undefined, environment: time })
  origin.answer = (_request, response) => void response.end(keys.document().bytes)
  return { origin, keys }
}

/** What a receiver authenticates with, over the real key ring. */
function receiver(t: Test, time: ManualEnvironment): Authentication & { readonly heard: string[] } {
  const { remoteKeys, nonces } = memoryStore()
  const ring = createKeyRing({ store: remoteKeys, client: openClient(t), environment: time, logger: silentLogger })
  const heard: string[] = []
  return {
    serverName: RECEIVER,
    finder: {
      findCurrent: async (serverName, keyId, question) =>
        (await ring.current(serverName, question))?.document?.verifyKeys.get(keyId),
    },
    nonces,
    limits: createWorkLimits({ environment: time }),
    strangers: createStrangerLimits(time),
    heardFrom: (sender) => void heard.push(sender),
    names: { allowInsecure: true },
    environment: time,
    heard,
  }
}

/** A request to the receiver, signed by the sender, as it comes in. */
function callOf(
  { keys }: Pick<Sender, 'keys'>,
  time: ManualEnvironment,
  { path = '/push', body = BODY, clientAddress = '192.0.2.1' } = {},
): Call {
  const [key] = keys.active()
  const headers = signRequest({
    method: 'PUT',
    targetUri: RECEIVER + path,
    body: { bytes: body, contentType: 'application/json' },
    senderName: keys.serverName,
    keyId: key!.keyId,
    key: key!.signingKey,
    now: time.now(),
  })
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield body
  }
  return {
    request: {
      method: 'PUT',
      target: '/v1/whatever%2Fa/proxy%2Fmade/of/it',
      headers,
      clientAddress,
      body: (maxBytes) => readRequestBody(chunks(), headers, maxBytes),
    },
    query: new URLSearchParams(),
    serverName: undefined,
    segment: undefined,
  }
}

const ADMISSION: Admission = { path: '/push', maxBytes: 1000 }

t.test('a request says who sent it, whatever a proxy made of its path', async (t) => {
  const time = manualEnvironment()
  const sender = await startSender(t, time)
  const parts = receiver(t, time)
  const { sender: name, body } = await authenticate(parts, callOf(sender, time), ADMISSION)
  t.equal(name, sender.origin.serverName)
  t.same(body, BODY)
  t.same(parts.heard, [name])
})

t.test('a refusal says how to sign', async (t) => {
  const time = manualEnvironment()
  const sender = await startSender(t, time)
  const parts = receiver(t, time)
  const challenge = { 'www-authenticate': 'Signature realm="federated-manga", alg="ed25519"' }
  await t.rejects(authenticate(parts, callOf(sender, time, { path: '/other' }), ADMISSION), {
    code: 'invalid_request_signature',
    status: 401,
    headers: challenge,
  })
  const again = callOf(sender, time)
  await authenticate(parts, again, ADMISSION)
  await t.rejects(authenticate(parts, again, ADMISSION), { code: 'replayed_request', headers: challenge })
  await t.rejects(authenticate(parts, callOf(sender, time), { ...ADMISSION, maxBytes: 3 }), { code: 'body_too_large' })
  t.equal(parts.heard.length, 1)
})

t.test('who is not let in makes nobody ask for its keys', async (t) => {
  const time = manualEnvironment()
  const sender = await startSender(t, time)
  const asked: string[] = []
  const admission: Admission = {
    ...ADMISSION,
    admit: async (name) => {
      asked.push(name)
      throw new FederationError('not_followed', 'No.')
    },
  }
  await t.rejects(authenticate(receiver(t, time), callOf(sender, time), admission), {
    code: 'not_followed',
    status: 403,
  })
  t.same(asked, [sender.origin.serverName])
  t.same(sender.origin.requests, [])
})

t.test('to ask for the keys of who is claimed counts as the work of the address that claims it', async (t) => {
  const time = manualEnvironment()
  const { keys } = await startSender(t, time)
  const parts = receiver(t, time)
  const claim = (index: number): Promise<unknown> => {
    // Nobody listens at these names, so each costs a request of its own.
    const claimed: OwnKeys = { ...keys, serverName: `http://127.0.0.1:4/${index}/v1` }
    return authenticate(parts, callOf({ keys: claimed }, time), ADMISSION)
  }
  for (let index = 0; index < 20; index++) await t.rejects(claim(index), { code: 'invalid_request_signature' })
  await t.rejects(claim(20), { code: 'rate_limited', headers: { 'retry-after': /^\d+$/ } })
})

t.test('a stranger that signs well is heard so often, and one that is let in by name always', async (t) => {
  const time = manualEnvironment()
  const sender = await startSender(t, time)
  const parts = receiver(t, time)
  for (let index = 0; index < 30; index++) await authenticate(parts, callOf(sender, time), ADMISSION)
  await t.rejects(authenticate(parts, callOf(sender, time), ADMISSION), {
    code: 'rate_limited',
    headers: { 'retry-after': '2' },
  })
  await authenticate(parts, callOf(sender, time), { ...ADMISSION, admit: async () => {} })
  await time.advance(2_000)
  await authenticate(parts, callOf(sender, time), ADMISSION)
  t.equal(sender.origin.requests.length, 1, 'its keys were asked for once')
})

t.test('all strangers together are heard so often', (t) => {
  const strangers = createStrangerLimits(manualEnvironment())
  for (let index = 0; index < 1_000; index++) strangers.take(`https://s${index}.example/v1`)
  t.throws(() => strangers.take('https://another.example/v1'), { code: 'rate_limited' })
  t.end()
})

t.test('a signed request is sent once, with its answer whatever its status', async (t) => {
  const time = manualEnvironment()
  const { keys } = await startSender(t, time)
  const received: unknown[] = []
  const answers: [status: number, body: string][] = [
    [200, '{"size":3}'],
    [404, '<html>'],
    [204, ''],
    [307, '{}'],
  ]
  const server = await serveHttp(t, (request, response) => {
    received.push(request.headers['content-digest'])
    const [status, body] = answers[received.length - 1]!
    response.writeHead(status, { location: '/elsewhere' }).end(body)
  })
  const url = `http://127.0.0.1:${server.port}/v1/x`
  const peers = createPeerClient({ client: openClient(t), keys, environment: time })
  t.match(await peers.request('POST', url, { bytes: BODY }), { status: 200, json: { size: 3 } })
  t.match(await peers.request('POST', url, { bytes: BODY }), { status: 404, json: undefined })
  t.match(await peers.request('DELETE', url), { status: 204, json: undefined })
  t.match(await peers.request('PUT', url, { bytes: BODY }), { status: 307 })
  t.match(received, [/^sha-256=:/, /^sha-256=:/, undefined, /^sha-256=:/])
  await t.rejects(peers.request('GET', 'http://127.0.0.1:4/v1'), { code: 'unreachable' })

  const none = createPeerClient({ client: openClient(t), keys: { ...keys, active: () => [] }, environment: time })
  await t.rejects(none.request('GET', url), { code: 'internal' })
})
