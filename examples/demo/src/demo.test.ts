import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { memoryInProcess } from '@manga-federation/core/client'
import { nodeArguments } from 'manga-federation-example-shared/test-process'
import t, { type Test } from 'tap'
import type { NetworkFacts } from './cast.ts'
import { demoReader, wordsOf } from './reading.ts'
import { startSite } from './site-process.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

t.test('By itself: the network comes together, the origin is killed, and its catalog is read on', async (t) => {
  const demo = startDemo(t, '--script')
  t.strictSame(await demo.exited, [0, null])
  const lines = demo.lines.join('\n')
  t.match(lines, /^origin +the volunteer follows this site from now on/m)
  t.match(lines, /^origin +the witness follows this site from now on/m)
  t.match(lines, /^(volunteer|witness) +holds the whole catalog of the origin and checked each signature: \d+ entries/m)
  t.match(lines, /^origin +the volunteer registered as a load balancer/m)
  t.match(lines, /^origin +the volunteer holds the entire catalog and is advertised/m)
  t.match(lines, /^witness +was asked for the keys of the origin, and confirmed them as a witness/m)

  const [before, again, newcomer] = [...lines.matchAll(/^reader +(.+) got (54 series and \d+ chapters) from (.+)$/gm)]
  t.match(before?.slice(1), ['the reader', '54 series', 'Paper Lantern, the origin itself'])
  t.strictSame(again?.slice(1), ['the same reader', before?.[2], 'Blue Umbrella, a volunteer'])
  t.strictSame(newcomer?.slice(1), ['a newcomer with only the link', before?.[2], 'Blue Umbrella, a volunteer'])
  t.ok(lines.indexOf('was killed') > (before?.index ?? Infinity))
  t.match(lines, /^reader +believed by the origin’s key, as the link to it names it/m)
})

t.test('With keys: k kills the origin, the page and its reader go on, and q ends everything', async (t) => {
  const taken = createServer()
  // Somebody is on the port of the first site, be it this server or not.
  await new Promise<void>((resolve) => taken.once('error', () => resolve()).listen(3000, '127.0.0.1', () => resolve()))
  t.teardown(() => taken.close())

  const demo = startDemo(t)
  t.match(await demo.lineWith('Port 3000 is taken'), /the origin takes \d+/)
  const pageAddress = /http:\S+/.exec(await demo.lineWith('a page that reads'))?.[0] ?? ''
  await demo.lineWith('Press k')

  const page = await fetch(pageAddress)
  t.match(page.headers.get('content-security-policy'), "default-src 'none'")
  t.match(await page.text(), 'src="/reader.js"')
  const script = await (await fetch(`${pageAddress}/reader.js`)).text()
  t.ok(script.length > 50_000, 'with the client in it')
  t.notMatch(script, /from ?"node:/)
  t.equal((await fetch(`${pageAddress}/nothing`)).status, 404)
  const said = await fetch(`${pageAddress}/said`, {
    method: 'POST',
    headers: { origin: pageAddress },
    body: 'a\u001Bb',
  })
  t.equal(said.status, 204)
  t.match(await demo.lineWith('a b'), /^reader/, 'what the page says is one line of text')

  const facts = (await (await fetch(`${pageAddress}/network.json`)).json()) as NetworkFacts
  const origin = facts.members.find(({ role }) => role === 'origin')
  const volunteer = facts.members.find(({ role }) => role === 'volunteer')
  const reader = demoReader(facts, memoryInProcess())
  t.teardown(() => reader.close())
  const catalog = await reader.lookup(facts.link)
  const before = await catalog.series()
  t.match(before, { servedBy: origin?.serverName, isPrimary: true, problems: [] })

  demo.type('k')
  await demo.lineWith('The origin was killed')
  await t.rejects(fetch(`${origin?.address}/`))
  const after = await catalog.series()
  t.match(after, { servedBy: volunteer?.serverName, completeness: 'checked' })
  t.strictSame(after.items, before.items, 'all of it, to the letter')
  t.match(wordsOf(after, facts), {
    servedBy: 'Blue Umbrella, a volunteer',
    onWordOf: 'the origin’s own key, which it told this reader itself',
    state: 'nothing is missing',
    problems: [/^the origin could not be reached/],
  })
  const now = (await (await fetch(`${pageAddress}/network.json`)).json()) as NetworkFacts
  t.equal(now.members.find(({ role }) => role === 'origin')?.isAlive, false)

  demo.type('q')
  t.strictSame(await demo.exited, [0, null])
  await t.rejects(fetch(`${volunteer?.address}/`), 'no site is left behind')
})

t.test('What is asked for wrongly is refused in one sentence', async (t) => {
  const demo = startDemo(t, '--help')
  t.strictSame(await demo.exited, [1, null])
})

t.test('A site that cannot start says why', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()))
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const variables = { PORT: String(port) }
  const started = startSite({ folder: 'fastify', variables, dataDir: t.testdir(), onLine: () => {} })
  await t.rejects(started, { message: new RegExp(`fastify did not start.*EADDRINUSE.*${port}`) })
})

/** The demonstration in a process of its own. */
interface Demo {
  /** All that it said so far. */
  readonly lines: readonly string[]
  /** Exit code and signal. */
  readonly exited: Promise<unknown[]>
  /** The first line with this text, as soon as it is said. */
  lineWith(text: string): Promise<string>
  type(key: string): void
}

function startDemo(t: Test, ...given: string[]): Demo {
  const child = spawn(process.execPath, [...nodeArguments(), MAIN, ...given], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGTERM'))
  const lines: string[] = []
  const reading = createInterface({ input: child.stdout })
  reading.on('line', (line) => lines.push(line))
  return {
    lines,
    exited: once(child, 'exit'),
    async lineWith(text) {
      for (;;) {
        const line = lines.find((said) => said.includes(text))
        if (line !== undefined) return line
        await once(reading, 'line')
      }
    },
    type: (key) => void child.stdin.write(key),
  }
}
