import t, { type Test } from 'tap'
import { FederationError, type FederationErrorCode } from '../errors.ts'
import { manualEnvironment } from '../test-environment.ts'
import { createHttpClient } from './client-portable.ts'
import type { HttpClient, HttpClientOptions, HttpMethod } from './http-client.ts'
import { readAll, serveHttp } from './test-servers.ts'

const MAX_BYTES = 1000

function openClient(t: Test, options: HttpClientOptions = {}): HttpClient {
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any', ...options })
  t.teardown(() => client.close())
  return client
}

async function refused(
  t: Test,
  request: Promise<unknown>,
  code: FederationErrorCode,
  message: RegExp = /./,
): Promise<void> {
  await t.rejects(request, { name: 'FederationError', code, message })
}

t.test('an answer is read whole, from where redirects led', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    if (request.url === '/') response.writeHead(302, { location: '/keys' })
    else response.writeHead(201, { 'x-type': request.headers['content-type'] ?? '', 'set-cookie': 'a=1' })
    void readAll(request).then((body) => response.end(body))
  })
  const url = `http://127.0.0.1:${server.port}`
  const client = openClient(t)
  const read = await client.request('GET', `${url}/`, { maxBytes: MAX_BYTES })
  t.equal(read.status, 201)
  t.equal(read.url, `${url}/keys`)
  t.notOk('set-cookie' in read.headers)

  const body = new TextEncoder().encode('hello')
  const headers = { 'content-type': 'text/plain' }
  const written = await client.request('POST', `${url}/keys`, { headers, body, maxBytes: MAX_BYTES })
  t.equal(new TextDecoder().decode(written.body), 'hello')
  t.match(written.headers, { 'x-type': 'text/plain' })
})

t.test('a URL that may not be asked is refused, the end of a redirect too', async (t) => {
  const inside = await serveHttp(t, (_request, response) => response.end('secret'))
  const server = await serveHttp(t, (_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${inside.port}/` }).end()
  })
  const client = openClient(t, { allowedPorts: [server.port] })
  const strict = openClient(t, { allowInsecure: false, allowedPorts: [] })
  const options = { maxBytes: MAX_BYTES }
  await refused(t, strict.request('GET', 'http://one.test/', options), 'address_not_allowed', /plain http/)
  await refused(t, strict.request('GET', 'https://192.168.0.1/', options), 'address_not_allowed', /public/)
  await refused(t, strict.request('GET', 'https://a:b@one.test/', options), 'address_not_allowed', /password/)
  const redirected = client.request('GET', `http://127.0.0.1:${server.port}/`, options)
  await refused(t, redirected, 'address_not_allowed', /is not one of allowedPorts/)
})

t.test('a redirect of a request that changes something is not followed', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    if (request.url !== '/') t.fail('followed')
    response.writeHead(308, { location: '/elsewhere' }).end()
  })
  for (const method of ['PUT', 'POST', 'DELETE'] satisfies HttpMethod[]) {
    const request = openClient(t).request(method, `http://127.0.0.1:${server.port}/`, { maxBytes: MAX_BYTES })
    await refused(t, request, 'unreachable')
  }
})

t.test('a body over its cap is refused, with and without a length, with and without streams', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    const [, framing, length] = request.url?.split('/') ?? []
    const body = Buffer.alloc(Number(length), 'x')
    if (framing === 'length') response.setHeader('content-length', body.length)
    else response.flushHeaders()
    response.end(body)
  })
  const client = openClient(t)
  const get = (path: string): ReturnType<HttpClient['request']> =>
    client.request('GET', `http://127.0.0.1:${server.port}/${path}`, { maxBytes: MAX_BYTES })

  for (const framing of ['length', 'chunked']) {
    t.equal((await get(`${framing}/${MAX_BYTES}`)).body.byteLength, MAX_BYTES)
    await refused(t, get(`${framing}/${MAX_BYTES + 1}`), 'response_too_large')
  }

  // React Native's Response has no `body`.
  const { fetch } = globalThis
  t.teardown(() => void (globalThis.fetch = fetch))
  globalThis.fetch = async (...call) => Object.defineProperty(await fetch(...call), 'body', { value: undefined })
  t.equal((await get(`chunked/${MAX_BYTES}`)).body.byteLength, MAX_BYTES)
  await refused(t, get(`chunked/${MAX_BYTES + 1}`), 'response_too_large')
})

t.test('the answer to HEAD has no body, whatever length it claims', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.setHeader('content-length', 10 * MAX_BYTES).end())
  const response = await openClient(t).request('HEAD', `http://127.0.0.1:${server.port}/`, { maxBytes: MAX_BYTES })
  t.match(response, { status: 200, headers: { 'content-length': '10000' } })
})

t.test('what takes too long or comes too slowly is ended', async (t) => {
  const server = await serveHttp(t, (_request, response) => void response.write('a few bytes'))
  const environment = manualEnvironment()
  const client = openClient(t, { environment })
  const url = `http://127.0.0.1:${server.port}/`
  const late = client.request('GET', url, { maxBytes: MAX_BYTES })
  await Promise.all([refused(t, late, 'too_slow', /within 10000 ms/), environment.advance(10_000)])
  const slow = client.request('GET', url, { maxBytes: MAX_BYTES, timeoutMs: 60_000 })
  await Promise.all([refused(t, slow, 'too_slow', /slower/), environment.advance(20_000)])
  t.equal(environment.waiting, 0, 'no timer is left behind')
})

t.test('a server that cannot be reached, and a client that was closed', async (t) => {
  const server = await serveHttp(t, () => {})
  const client = openClient(t)
  const options = { maxBytes: MAX_BYTES }
  await refused(t, client.request('GET', 'http://127.0.0.1:4/', options), 'unreachable')
  const hanging = refused(t, client.request('GET', `http://127.0.0.1:${server.port}/`, options), 'closed')
  await client.close()
  await hanging
  const late = await client.request('GET', 'http://127.0.0.1:4/', options).catch((thrown: unknown) => thrown)
  t.ok(late instanceof FederationError && late.code === 'closed')
})

t.test('an answer that goes on is handed over as it comes, and ended when nothing comes', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    if (request.url === '/busy') response.writeHead(503).end('not now')
    else response.write('some')
  })
  const environment = manualEnvironment()
  const client = openClient(t, { environment })
  const url = `http://127.0.0.1:${server.port}`
  const chunks: Uint8Array[] = []
  const options = {
    maxBytes: MAX_BYTES,
    idleMs: 45_000,
    signal: new AbortController().signal,
    onChunk: (chunk: Uint8Array) => void chunks.push(chunk),
  }
  t.equal((await client.stream(`${url}/busy`, options)).status, 503)
  const stream = client.stream(`${url}/`, options)
  while (chunks.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([refused(t, stream, 'too_slow', /Nothing came/), environment.advance(45_000)])
  t.equal(environment.waiting, 0, 'no timer is left behind')
  await client.close()
  await refused(t, client.stream(`${url}/`, options), 'closed')
})
