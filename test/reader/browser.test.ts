import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { makeLink } from '@manga-federation/core/client'
import t, { type Test } from 'tap'
import { freePort } from '../../examples/shared/src/free-port.ts'
import { type SiteProcess, startSite } from '../../examples/shared/src/test-process.ts'
import { bundle } from './bundle.ts'
import type { Look } from './page.ts'

/** Debian's package `chromium`. */
const CHROMIUM = '/usr/bin/chromium'

/** Without a display, a sandbox of its own and anything that asks the network on Chromium's own account. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** How long the page may take for one look, on a machine that is busy with other tests. */
const LOOK_MS = 60_000

const skip = existsSync(CHROMIUM) ? false : `${CHROMIUM} is not installed: apt-get install chromium`

void t.test('a page in Chromium reads a catalog, and reads on when its site is gone', { skip }, async (t) => {
  const [originPort, mirrorPort] = [await freePort(), await freePort()]
  const origin = startExample(t, 'fastify', originPort, {})
  const address = await origin.listening()
  const serverName = `${address}/v1`
  const mirror = startExample(t, 'koa', mirrorPort, { FOLLOW: serverName })
  const mirrorName = `${await mirror.listening()}/v1`
  await untilMirrored(serverName, mirrorName)

  const { verify_keys: keys } = await answerOf<{ verify_keys: Record<string, { key: string }> }>(`${serverName}/keys`)
  const publicKeys = Object.values(keys).map(({ key }) => Buffer.from(key, 'base64'))
  const link = makeLink({ serverName, publicKeys, mirrors: [mirrorName] })

  const page = await servePage(t)
  const query = (given: string): string => `/?${new URLSearchParams({ link: given })}`
  startChromium(t, page.address + query(link))
  const alive = await page.look()
  t.ok(alive.titles.length > 0 && alive.chapters > 0, `${alive.titles.length} series, ${alive.chapters} chapters`)
  t.ok(alive.pages.every((read) => read.isPrimary && read.problems.length === 0 && read.freshness === 'fresh'))

  origin.process.kill('SIGKILL')
  await origin.exited
  page.goOnTo(query(new URL(address).host))
  const dead = await page.look()
  t.same(dead.titles, alive.titles, 'the domain is enough: the page remembers the rest')
  t.equal(dead.chapters, alive.chapters)
  t.ok(dead.pages.every((read) => read.servedBy === mirrorName && read.completeness === 'checked'))
  t.match(dead.pages[0]?.problems, [{ serverName, reason: 'unreachable' }])

  page.goOnTo(query(link).replace('/?', '/newcomer?'))
  const newcomer = await page.look()
  t.same(newcomer.titles, alive.titles, 'and the link is enough for one who was never here')
  t.equal(newcomer.chapters, alive.chapters)
  page.goOnTo(null)
})

function startExample(t: Test, name: string, port: number, variables: Record<string, string>): SiteProcess {
  const main = new URL(`../../examples/${name}/src/main.ts`, import.meta.url)
  return startSite(t, main, { PORT: String(port), DATA_DIR: t.testdir(), ...variables })
}

/** The page's own site, which is none of the federation. */
interface PageSite {
  readonly address: string
  /** What the page found. */
  look(): Promise<Look>
  /** Lets it go on with another URL, or end. */
  goOnTo(target: string | null): void
}

async function servePage(t: Test): Promise<PageSite> {
  const { script } = await bundle(`import './page.ts'`)
  const looks: ((look: Look & { failed?: string }) => void)[] = []
  const waiting: ((next: string | null) => void)[] = []
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      looks.shift()?.((await json(request)) as Look)
      const next = await new Promise<string | null>((resolve) => waiting.push(resolve))
      response.end(JSON.stringify({ next }))
      return
    }
    // A newcomer is one whose storage is empty.
    const clearing = request.url?.startsWith('/newcomer') ? '<script>localStorage.clear()</script>' : ''
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><title>Reader</title><body>${clearing}<script>${script}</script>`)
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async look() {
      const look = await within(LOOK_MS, new Promise<Look & { failed?: string }>((found) => looks.push(found)))
      if (look.failed !== undefined) throw new Error(look.failed)
      return look
    },
    goOnTo: (target) => waiting.shift()?.(target),
  }
}

function startChromium(t: Test, url: string): ChildProcess {
  const profile = t.testdir()
  const chromium = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, url], { stdio: 'ignore' })
  t.teardown(async () => {
    chromium.kill('SIGKILL')
    await once(chromium, 'exit')
  })
  return chromium
}

/** Waits until the mirror shows the head that the origin shows. */
async function untilMirrored(serverName: string, mirrorName: string): Promise<void> {
  for (;;) {
    const own = await answerOf<{ size: number }>(`${serverName}/manga/log/head`)
    const shown = await fetch(`${mirrorName}/manga/log/origin/${encodeURIComponent(serverName)}/head`)
    if (shown.ok && ((await shown.json()) as { size: number }).size === own.size) return
    await pause(50)
  }
}

async function answerOf<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = pause(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`The page told nothing for ${ms} ms.`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    late.catch(() => undefined)
  }
}
