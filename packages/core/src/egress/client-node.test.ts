import { getEventListeners } from 'node:events'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { FederationError, type FederationErrorCode } from '../errors.ts'
import { manualEnvironment } from '../test-environment.ts'
import { createHttpClient, type NodeHttpClientOptions } from './client-node.ts'
import type { HttpClient, HttpMethod, HttpStreamOptions } from './http-client.ts'
import { readAll, serveHttp, serveHttps, serveTcp, TEST_CERTIFICATE } from './test-servers.ts'
import { abortedWith, watchTransfer } from './transfer-watch.ts'

const MAX_BYTES = 1000

/** Where no server of these tests ever is: a client that dials it fails at once instead of reaching out. */
const PRIVATE = '10.0.0.1'

/** A client as in a demonstration: loopback, plain HTTP, any port; every name means loopback. */
function openClient(t: Test, options: NodeHttpClientOptions = {}): HttpClient {
  const client = createHttpClient({
    allowInsecure: true,
    allowedPorts: 'any',
    resolve: async () => ['127.0.0.1'],
    ...options,
  })
  t.teardown(() => client.close())
  return client
}

function get(client: HttpClient, url: string, maxBytes: number = MAX_BYTES): ReturnType<HttpClient['request']> {
  return client.request('GET', url, { maxBytes })
}

/** A promise and what fulfills it. */
function signal<T = void>(): [Promise<T>, (value: T) => void] {
  let fulfill: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => {
    fulfill = resolve
  })
  return [promise, fulfill]
}

/** Refused with this code, and an outsider sees nothing of the reason. */
async function refused(
  t: Test,
  request: Promise<unknown>,
  code: FederationErrorCode,
  message: RegExp = /./,
): Promise<void> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof FederationError)) return void t.fail(`not refused with ${code}: ${String(error)}`)
  t.match(error, { code, message })
  t.equal(error.toWire().error_code, 'internal')
  t.notMatch(error.toWire().message, error.message)
}

t.test('an answer is read whole: status, headers, body, and the URL that it came from', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    response.writeHead(404, { 'x-method': request.method, link: ['<a>', '<b>'], 'set-cookie': ['a=1', 'b=2'] })
    response.end('{}')
  })
  const response = await get(openClient(t), `http://one.test:${server.port}/v1/keys?x=1#part`)
  t.equal(response.status, 404)
  t.equal(response.url, `http://one.test:${server.port}/v1/keys?x=1`)
  t.match(response.headers, { 'x-method': 'GET', link: '<a>, <b>' })
  t.notOk('set-cookie' in response.headers, 'no cookie gets in')
  t.equal(new TextDecoder().decode(response.body), '{}')
})

t.test('a request carries its own headers and body and nothing of another one', async (t) => {
  const received: unknown[] = []
  const server = await serveHttp(t, (request, response) => {
    void readAll(request).then((body) => {
      received.push([request.method, request.headers, body.toString()])
      return response.setHeader('set-cookie', 'session=1').end()
    })
  })
  const client = openClient(t)
  const url = `http://one.test:${server.port}/`
  const body = new TextEncoder().encode('hello')
  await client.request('POST', url, { headers: { 'content-type': 'text/plain' }, body, maxBytes: 0 })
  await get(client, url)
  const host = `one.test:${server.port}`
  t.same(received, [
    [
      'POST',
      {
        host,
        connection: 'keep-alive',
        'content-type': 'text/plain',
        'content-length': '5',
        'accept-encoding': 'identity',
      },
      'hello',
    ],
    ['GET', { host, connection: 'keep-alive', 'accept-encoding': 'identity' }, ''],
  ])
})

t.test('what a URL itself says against it is refused before anything is asked', async (t) => {
  const client = openClient(t, {
    allowInsecure: false,
    allowedPorts: [8443],
    resolve: () => Promise.reject(t.fail('resolved')),
  })
  const urls: [string, RegExp][] = [
    ['http://one.test/', /plain http is only for tests/],
    ['ftp://one.test/', /only https is allowed/],
    ['file:///etc/passwd', /only https is allowed/],
    ['data:text/plain,x', /only https is allowed/],
    ['https://user:secret@one.test/', /user name or a password/],
    ['https://user@one.test/', /user name or a password/],
    ['https://one.test:22/', /port 22 is not one of allowedPorts/],
    ['https://one.test:8444/', /port 8444 is not one of allowedPorts/],
    ['https://127.0.0.1/', /not a public address/],
    ['https://2130706433/', /not a public address/],
    ['https://0x7f.1/', /not a public address/],
    ['https://0177.0.0.1/', /not a public address/],
    ['https://127.1/', /not a public address/],
    ['https://[::1]/', /not a public address/],
    ['https://[::ffff:127.0.0.1]/', /not a public address/],
    ['https://169.254.169.254/latest/meta-data/', /not a public address/],
    ['//one.test/', /not a URL/],
    ['https://', /not a URL/],
  ]
  for (const [url, reason] of urls) await refused(t, get(client, url), 'address_not_allowed', reason)
  const error = await get(client, 'https://user:secret@one.test/').catch((thrown: FederationError) => thrown)
  t.notMatch(error, { message: /secret/ }, 'a password does not even get into the log')
})

t.test('ports 443, 80 and those of the operator pass', async (t) => {
  const client = openClient(t, { allowInsecure: false, allowedPorts: [8443], resolve: async () => [PRIVATE] })
  for (const url of ['https://one.test/', 'https://one.test:80/', 'https://one.test:8443/']) {
    await refused(t, get(client, url), 'address_not_allowed', /has the address 10\.0\.0\.1/)
  }
})

t.test('allowInsecure lets loopback through, but no private address and no port', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.end())
  const client = openClient(t, { allowedPorts: [server.port] })
  t.match(await get(client, `http://127.0.0.1:${server.port}/`), { status: 200 })
  await refused(t, get(client, 'http://192.168.0.1/'), 'address_not_allowed')
  await refused(t, get(client, 'http://127.0.0.1:1/'), 'address_not_allowed', /port 1 /)
})

t.test('a name with one bad address among good ones is refused', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.end())
  for (const bad of [PRIVATE, '169.254.169.254', '::ffff:127.0.0.1', 'fe80::1', '0.0.0.0']) {
    const client = openClient(t, { resolve: async () => ['127.0.0.1', bad, '::1'] })
    await refused(t, get(client, `http://one.test:${server.port}/`), 'address_not_allowed', /which is not a public one/)
  }
  t.equal(server.connections(), 0)
})

t.test('a name whose address changes after the check: the address that was checked is dialed', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.end())
  const answers = [['127.0.0.1'], [PRIVATE]]
  const asked: string[] = []
  const resolve = async (hostname: string): Promise<string[]> => {
    asked.push(hostname)
    return answers[asked.length - 1] ?? []
  }
  t.match(await get(openClient(t, { resolve }), `http://rebinding.test:${server.port}/`), { status: 200 })
  t.same(asked, ['rebinding.test'], 'resolved once, for the check and for the connection')
})

t.test('a name whose address changes between two connections is checked again', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.setHeader('connection', 'close').end())
  const answers = [['127.0.0.1'], [PRIVATE]]
  const client = openClient(t, { resolve: async () => answers.shift() ?? [] })
  const url = `http://rebinding.test:${server.port}/`
  t.match(await get(client, url), { status: 200 })
  await refused(t, get(client, url), 'address_not_allowed', /has the address 10\.0\.0\.1/)
  t.equal(server.connections(), 1)
})

t.test('a name whose address changes before a redirect is checked again', async (t) => {
  const server = await serveHttp(t, (_request, response) => {
    response.writeHead(302, { location: '/next', connection: 'close' }).end()
  })
  const answers = [['127.0.0.1'], [PRIVATE]]
  const client = openClient(t, { resolve: async () => answers.shift() ?? [] })
  await refused(t, get(client, `http://rebinding.test:${server.port}/`), 'address_not_allowed', /10\.0\.0\.1/)
})

t.test('a redirect to anything that may not be asked is refused', async (t) => {
  let location = ''
  const server = await serveHttp(t, (_request, response) => void response.writeHead(302, { location }).end())
  const resolve = async (hostname: string): Promise<string[]> => [hostname === 'inside.test' ? PRIVATE : '127.0.0.1']
  const client = openClient(t, { resolve })
  const locations = [
    'http://10.0.0.1/',
    'http://0x0a000001/',
    'http://012.0.0.1/',
    'http://10.1/',
    'http://169.254.169.254/',
    'http://[::ffff:127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fe80::1]/',
    'http://inside.test/',
    '//10.0.0.1/',
    'ftp://one.test/',
    'file:///etc/passwd',
    'http://user:secret@one.test/',
    'http://[',
    'data:,x',
  ]
  for (location of locations) {
    await t.test(location, (t) => refused(t, get(client, `http://one.test:${server.port}/`), 'address_not_allowed'))
  }
})

t.test('a redirect to a port that is not allowed is refused', async (t) => {
  const server = await serveHttp(t, (_request, response) => {
    response.writeHead(302, { location: 'http://one.test:25/' }).end()
  })
  const client = openClient(t, { allowedPorts: [server.port] })
  await refused(t, get(client, `http://one.test:${server.port}/`), 'address_not_allowed', /port 25 /)
})

t.test('three redirects are followed, a fourth is not', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    const step = Number(request.url?.slice(1))
    const status = [301, 302, 303, 307][step] ?? 308
    if (step < Number(request.headers['x-redirects'])) response.writeHead(status, { location: `${step + 1}` })
    response.end()
  })
  const client = openClient(t)
  const url = `http://one.test:${server.port}`
  const ask = (redirects: string): ReturnType<HttpClient['request']> =>
    client.request('HEAD', `${url}/0`, { headers: { 'x-redirects': redirects }, maxBytes: 0 })
  t.equal((await ask('3')).url, `${url}/3`)
  await refused(t, ask('4'), 'bad_response', /more than 3 redirects/)
})

t.test('what a redirect says is not read: its connection is ended before the next one is asked', async (t) => {
  const [closed, close] = signal()
  const server = await serveHttp(t, (request, response) => {
    if (request.url === '/next') return void closed.then(() => response.end('{}'))
    request.socket.once('close', () => close())
    return response.writeHead(302, { location: '/next', 'content-length': 1e9 }).flushHeaders()
  })
  t.match(await get(openClient(t), `http://one.test:${server.port}/`), { status: 200 })
})

t.test('a redirect loop is refused', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    response.writeHead(302, { location: request.url === '/a' ? '/b#other' : '/a' }).end()
  })
  await refused(t, get(openClient(t), `http://one.test:${server.port}/a`), 'bad_response', /in a circle/)
})

t.test('a redirect of a request that changes something is returned, not followed', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    if (request.url !== '/') t.fail('followed')
    response.writeHead(308, { location: '/elsewhere' }).end()
  })
  const client = openClient(t)
  const body = new TextEncoder().encode('{}')
  for (const method of ['PUT', 'POST', 'DELETE'] satisfies HttpMethod[]) {
    const response = await client.request(method, `http://one.test:${server.port}/`, { body, maxBytes: MAX_BYTES })
    t.match(response, { status: 308, headers: { location: '/elsewhere' } }, method)
  }
})

t.test('a status that looks like a redirect without its header is an answer', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    response.writeHead(request.url === '/304' ? 304 : 302, request.url === '/304' ? { location: '/' } : {}).end()
  })
  t.match(await get(openClient(t), `http://one.test:${server.port}/304`), { status: 304 })
  t.match(await get(openClient(t), `http://one.test:${server.port}/302`), { status: 302 })
})

t.test('over TLS the certificate is checked against the name, whatever address was dialed', async (t) => {
  const server = await serveHttps(t, (_request, response) => response.end('{}'))
  const trusting = openClient(t, { authorities: TEST_CERTIFICATE })
  t.match(await get(trusting, `https://one.test:${server.port}/`), { status: 200 })
  t.match(await get(trusting, `https://127.0.0.1:${server.port}/`), { status: 200 })
  await refused(t, get(trusting, `https://three.test:${server.port}/`), 'unreachable', /altnames/)
  await refused(t, get(openClient(t), `https://one.test:${server.port}/`), 'unreachable', /self-signed/)
})

t.test('a redirect from https to http is refused even with allowInsecure', async (t) => {
  const plain = await serveHttp(t, (_request, response) => response.end('{}'))
  const server = await serveHttps(t, (request, response) => {
    const location = request.url === '/down' ? `http://one.test:${plain.port}/` : `https://two.test:${server.port}/down`
    response.writeHead(302, { location }).end()
  })
  const client = openClient(t, { authorities: TEST_CERTIFICATE })
  await refused(t, get(client, `https://one.test:${server.port}/`), 'address_not_allowed', /https to http/)
  t.equal(plain.connections(), 0)
})

t.test('a body up to its cap is read, one byte more is refused', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    const [, framing, length] = request.url?.split('/') ?? []
    const body = Buffer.alloc(Number(length), 'x')
    if (framing === 'length') response.setHeader('content-length', body.length)
    else for (const byte of body) response.write(Buffer.of(byte))
    response.end(framing === 'length' ? body : undefined)
  })
  const client = openClient(t)
  for (const framing of ['length', 'chunked']) {
    const url = `http://one.test:${server.port}/${framing}`
    for (const length of [0, 1, MAX_BYTES]) {
      t.equal((await get(client, `${url}/${length}`)).body.byteLength, length, `${framing} ${length}`)
    }
    await refused(t, get(client, `${url}/${MAX_BYTES + 1}`), 'response_too_large')
  }
  const long = await get(client, `http://one.test:${server.port}/length/100000`, 100_000)
  t.ok(long.body.every((byte) => byte === 0x78) && long.body.byteLength === 100_000, 'longer than the first buffer')
})

t.test('a body that only claims to be over its cap is refused before any of it is there', async (t) => {
  const server = await serveHttp(t, (_request, response) => {
    response.writeHead(200, { 'content-length': MAX_BYTES + 1 }).flushHeaders()
  })
  await refused(t, get(openClient(t), `http://one.test:${server.port}/`), 'response_too_large')
})

t.test('the answer to HEAD has no body, whatever length it claims', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.setHeader('content-length', 10 * MAX_BYTES).end())
  const response = await openClient(t).request('HEAD', `http://one.test:${server.port}/`, { maxBytes: MAX_BYTES })
  t.match(response, { status: 200, headers: { 'content-length': '10000' } })
  t.equal(response.body.byteLength, 0)
})

t.test('a compressed body is refused, small as it may be on the wire', async (t) => {
  const bomb = gzipSync(Buffer.alloc(100 * MAX_BYTES))
  const server = await serveHttp(t, (request, response) => {
    response.writeHead(200, { 'content-encoding': request.url?.slice(1) }).end(bomb)
  })
  const client = openClient(t)
  for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'identity,gzip', 'unheard-of']) {
    await refused(t, get(client, `http://one.test:${server.port}/${encoding}`), 'bad_response', /compressed/)
  }
  t.match(await get(client, `http://one.test:${server.port}/identity`), { status: 200 })
})

t.test('headers without end are refused', async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    for (let line = 0; line < 1000; line++) socket.write(`x-flood-${line}: ${'x'.repeat(100)}\r\n`)
  })
  await refused(t, get(openClient(t), `http://one.test:${server.port}/`), 'response_too_large', /too many headers/)
})

t.test('headers named like what every object has are only headers', async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.end(
      'HTTP/1.1 200 OK\r\n__proto__: a\r\n__proto__: b\r\nconstructor: c\r\ntoString: d\r\ncontent-length: 0\r\n\r\n',
    )
  })
  const { headers } = await get(openClient(t), `http://one.test:${server.port}/`)
  t.same(new Map(Object.entries(headers)).get('__proto__'), 'a, b')
  t.match(headers, { constructor: 'c', tostring: 'd' })
})

t.test('what is not proper HTTP is refused', async (t) => {
  const answers = [
    'SSH-2.0-OpenSSH_9.9\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ]
  for (const answer of answers) {
    const server = await serveTcp(t, (socket) => void socket.end(answer))
    await refused(t, get(openClient(t), `http://one.test:${server.port}/`), 'bad_response', /proper HTTP/)
  }
})

t.test('a connection that is refused or breaks, and a name that is unknown, are unreachable', async (t) => {
  const broken = await serveTcp(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')
    socket.end()
  })
  await refused(t, get(openClient(t), `http://one.test:${broken.port}/`), 'unreachable')
  const resetting = await serveTcp(t, (socket) => void socket.resetAndDestroy())
  await refused(t, get(openClient(t), `http://one.test:${resetting.port}/`), 'unreachable')
  await refused(t, get(openClient(t), 'http://127.0.0.1:1/'), 'unreachable', /ECONNREFUSED/)
  const twoAddresses = openClient(t, { resolve: async () => ['127.0.0.1', '::1'] })
  await refused(t, get(twoAddresses, 'http://one.test:1/'), 'unreachable', /none of its addresses answered/)
  await refused(t, get(openClient(t, { resolve: async () => [] }), 'http://one.test/'), 'unreachable', /no address/)
  const failing = openClient(t, { resolve: () => Promise.reject(new Error('SERVFAIL')) })
  await refused(t, get(failing, 'http://one.test/'), 'unreachable', /SERVFAIL/)
})

t.test('without a resolver of its own the client asks the machine', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.end())
  const port = { allowedPorts: [server.port] }
  const client = createHttpClient({ ...port, allowInsecure: true })
  const strict = createHttpClient(port)
  t.teardown(() => Promise.all([client.close(), strict.close()]))
  t.match(await get(client, `http://localhost:${server.port}/`), { status: 200 })
  await refused(t, get(strict, `https://localhost:${server.port}/`), 'address_not_allowed', /localhost has the address/)
})

t.test('a look-up that never ends is ended after 5 s', async (t) => {
  const environment = manualEnvironment()
  const client = openClient(t, { environment, resolve: () => new Promise(() => {}) })
  const ended = refused(t, get(client, 'https://one.test/'), 'unreachable', /within 5000 ms/)
  await environment.advance(5_000)
  await ended
  t.equal(environment.waiting, 0, 'no timer is left behind')
})

t.test('a handshake that never ends is ended after 5 s, and the connection with it', async (t) => {
  const [connected, connect] = signal<Socket>()
  const server = await serveTcp(t, connect)
  const environment = manualEnvironment()
  const client = openClient(t, { environment })
  const ended = refused(t, get(client, `https://one.test:${server.port}/`), 'unreachable', /within 5000 ms/)
  const socket = await connected
  const closed = new Promise((resolve) => socket.resume().once('close', resolve))
  await environment.advance(5_000)
  await ended
  await closed
  t.equal(environment.waiting, 0, 'no timer is left behind')
})

/** What may take long, the time that its request is given, and the time that it gets. */
const SLOW_ANSWERS = [
  ['headers', undefined, 10_000],
  ['body', undefined, 10_000],
  ['body', 15_000, 15_000],
] as const

for (const [slowPart, timeoutMs, limitMs] of SLOW_ANSWERS) {
  t.test(`an answer whose ${slowPart} are not there after ${limitMs} ms is ended`, async (t) => {
    const [answered, answer] = signal()
    const server = await serveHttp(t, (_request, response) => {
      if (slowPart === 'headers') answer()
      else response.write('x', () => answer())
    })
    const environment = manualEnvironment()
    const client = openClient(t, { environment })
    const request = client.request('GET', `http://one.test:${server.port}/`, { maxBytes: MAX_BYTES, timeoutMs })
    const ended = refused(t, request, 'too_slow', new RegExp(`within ${limitMs} ms`))
    await answered
    await environment.advance(limitMs - 1)
    t.equal(environment.waiting > 0, true, 'not before')
    await environment.advance(1)
    await ended
    t.equal(environment.waiting, 0, 'no timer is left behind')
  })
}

t.test('a request that waits for others to end is ended in its own time', async (t) => {
  let hanging = 0
  const [busy, allBusy] = signal()
  const server = await serveHttp(t, () => {
    if (++hanging === 4) allBusy()
  })
  const environment = manualEnvironment()
  const client = openClient(t, { environment })
  const ask = (timeoutMs: number): Promise<unknown> =>
    client.request('GET', `http://one.test:${server.port}/`, { maxBytes: MAX_BYTES, timeoutMs })
  const others = Promise.allSettled([ask(19_000), ask(19_000), ask(19_000), ask(19_000)])
  await busy
  const ended = refused(t, ask(10_000), 'too_slow')
  await environment.advance(10_000)
  await ended
  await environment.advance(9_000)
  await others
})

t.test('the signal of a request follows the one of its watch, and is let go of when the request is over', (t) => {
  const watch = new AbortController()
  const [over, cut] = [abortedWith(watch.signal), abortedWith(watch.signal)]
  over.abort()
  t.ok(over.signal.aborted)
  t.notOk(cut.signal.aborted)
  t.equal(getEventListeners(watch.signal, 'abort').length, 1)
  watch.abort(new FederationError('too_slow', 'Too slow.'))
  t.match(cut.signal.reason, { code: 'too_slow' })
  t.equal(getEventListeners(watch.signal, 'abort').length, 0)
  t.match(abortedWith(watch.signal).signal.reason, { code: 'too_slow' }, 'also when it is too late')
  t.end()
})

t.test('a body slower than 1 KiB/s for 20 s is ended', async (t) => {
  const [answered, answer] = signal()
  const server = await serveHttp(t, (_request, response) => void response.write('a few bytes', () => answer()))
  const environment = manualEnvironment()
  const url = `http://one.test:${server.port}/`
  const page = openClient(t, { environment }).request('GET', url, { maxBytes: MAX_BYTES, timeoutMs: 60_000 })
  const ended = refused(t, page, 'too_slow', /slower than 1 KiB/)
  await answered
  await environment.advance(20_000)
  await ended
})

t.test('a body of 1 KiB/s goes on for as long as it keeps that up', async (t) => {
  const environment = manualEnvironment()
  const watch = watchTransfer(environment, 90_000)
  for (const window of [1, 2]) {
    watch.received(20 * 1024)
    await environment.advance(20_000)
    t.equal(watch.signal.aborted, false, `window ${window}`)
  }
  watch.received(20 * 1024 - 1)
  await environment.advance(20_000)
  t.match(watch.signal.reason, { code: 'too_slow' })
})

t.test('many requests to one server share four connections', async (t) => {
  const server = await serveHttp(t, (_request, response) => response.end())
  const client = openClient(t)
  await Promise.all(Array.from({ length: 50 }, () => get(client, `http://one.test:${server.port}/`)))
  t.ok(server.connections() <= 4, `${server.connections()} connections`)
})

t.test('closing ends what is under way and refuses what comes later', async (t) => {
  const [arrived, arrive] = signal()
  const server = await serveHttp(t, () => arrive())
  const client = openClient(t)
  const hanging = get(client, `http://one.test:${server.port}/`)
  const ended = refused(t, hanging, 'closed')
  await arrived
  await client.close()
  await ended
  await refused(t, get(client, `http://one.test:${server.port}/`), 'closed')
})

/** Reads a stream, and remembers what came. */
function openStream(
  client: HttpClient,
  url: string,
  options: Partial<HttpStreamOptions> = {},
): { chunks: string[]; ended: ReturnType<HttpClient['stream']> } {
  const chunks: string[] = []
  const onChunk = (chunk: Uint8Array): void => void chunks.push(new TextDecoder().decode(chunk))
  const signal = new AbortController().signal
  return { chunks, ended: client.stream(url, { maxBytes: MAX_BYTES, idleMs: 45_000, signal, onChunk, ...options }) }
}

t.test('an answer that goes on is handed over as it comes, until it ends', async (t) => {
  const [answered, goOn] = signal<(text: string | undefined) => void>()
  const server = await serveHttp(t, (request, response) => {
    if (request.url === '/busy') response.writeHead(503).end('not now')
    else response.writeHead(200, { 'x-accept': request.headers.accept }).write('one')
    goOn((text) => void (text === undefined ? response.end() : response.write(text)))
  })
  const url = `http://one.test:${server.port}/`
  const { chunks, ended } = openStream(openClient(t), url, { headers: { accept: 'text/event-stream' } })
  const write = await answered
  while (chunks.length < 1) await new Promise((resolve) => setImmediate(resolve))
  write('two')
  while (chunks.length < 2) await new Promise((resolve) => setImmediate(resolve))
  write(undefined)
  t.match(await ended, { status: 200, url, headers: { 'x-accept': 'text/event-stream' } })
  t.same(chunks, ['one', 'two'])

  const refusal = openStream(openClient(t), `${url}busy`)
  t.equal((await refusal.ended).status, 503)
  t.same(refusal.chunks, [], 'what is no stream is not handed over')
})

t.test('a stream is ended when nothing comes, when too much comes, and when nobody wants it', async (t) => {
  const server = await serveHttp(t, (request, response) => {
    if (request.url === '/compressed') response.setHeader('content-encoding', 'gzip')
    if (request.url === '/elsewhere') response.writeHead(302, { location: '/' })
    response.write(request.url === '/much' ? 'x'.repeat(MAX_BYTES + 1) : 'x')
  })
  const url = `http://one.test:${server.port}/`
  const environment = manualEnvironment()
  const client = openClient(t, { environment })
  const idle = openStream(client, url)
  while (idle.chunks.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([refused(t, idle.ended, 'too_slow', /Nothing came for 45000 ms/), environment.advance(45_000)])
  await refused(t, openStream(client, `${url}much`).ended, 'response_too_large')
  await refused(t, openStream(client, `${url}compressed`).ended, 'bad_response')
  await refused(t, openStream(client, `http://${PRIVATE}/`).ended, 'address_not_allowed')
  t.equal((await openStream(client, `${url}elsewhere`).ended).status, 302, 'no redirect is followed')

  const stop = new AbortController()
  const unwanted = openStream(client, url, { signal: stop.signal })
  while (unwanted.chunks.length === 0) await new Promise((resolve) => setImmediate(resolve))
  stop.abort(new FederationError('closed', 'Enough.'))
  await refused(t, unwanted.ended, 'closed', /Enough/)
  await refused(t, openStream(client, url, { signal: stop.signal }).ended, 'closed', /Enough/)
  t.equal(environment.waiting, 0, 'no timer is left behind')
})
