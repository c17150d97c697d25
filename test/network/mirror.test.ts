import { setTimeout as pause } from 'node:timers/promises'
import type { JsonObject } from '@manga-federation/core'
import t from 'tap'
import { freePort } from '../../examples/shared/src/free-port.ts'
import { type SiteProcess, startSite } from '../../examples/shared/src/test-process.ts'
import { seededRandom, seedOf } from '../faults/random.ts'

/** Sites are started again that often, one or both of them. */
const RESTARTS = 8

/** How long anything may take that has to come about in the end. */
const PATIENCE_MS = 30_000

/** What changes is to be seen on the other site's pages within this time. */
const IN_REAL_TIME_MS = 1000

/** Chapters that come one by one: a machine that runs other tests may stand still during one, hardly during each. */
const LATE_ADDITIONS = [41.5, 42.5, 43.5, 44.5, 45.5]

/** A site that keeps its address and its data when it is started again. */
class Example {
  readonly #example: string
  readonly #variables: Record<string, string>
  readonly address: string
  #running: SiteProcess | undefined

  constructor(example: string, port: number, variables: Record<string, string>) {
    this.#example = example
    this.address = `http://127.0.0.1:${port}`
    this.#variables = { PORT: String(port), ...variables }
  }

  get serverName(): string {
    return `${this.address}/v1`
  }

  async start(): Promise<void> {
    const main = new URL(`../../examples/${this.#example}/src/main.ts`, import.meta.url)
    this.#running = startSite(t, main, this.#variables)
    await this.#running.listening()
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    this.#running?.process.kill('SIGKILL')
    await this.#running?.exited
  }

  async page(path: string): Promise<string> {
    return (await fetch(this.address + path)).text()
  }

  /** Everything that a listing has. */
  async json<T>(path: string): Promise<T> {
    const response = await fetch(this.address + path)
    const body: T = JSON.parse(await response.text())
    return body
  }

  /** Adds a chapter in the form of the site's editors. */
  async addChapter(number: number): Promise<void> {
    const body = new URLSearchParams({ number: String(number), language: 'en', group: 'Night Ferry' })
    const response = await fetch(`${this.address}/admin/series/yotsuba/chapters`, {
      method: 'POST',
      body,
      redirect: 'manual',
    })
    if (response.status !== 303) throw new Error(`The form was answered with ${response.status}.`)
  }
}

const folder = t.testdir({ origin: {}, mirror: {} })
const origin = new Example('fastify', await freePort(), { DATA_DIR: `${folder}/origin` })
const mirror = new Example('koa', await freePort(), { DATA_DIR: `${folder}/mirror`, FOLLOW: origin.serverName })
const ofOrigin = `origin/${encodeURIComponent(origin.serverName)}`
const mirroredYotsuba = `/mirrored/series?${new URLSearchParams({ origin: origin.serverName, id: 'yotsuba' })}`

await origin.start()
await mirror.start()

void t.test('The mirror has the whole catalog, and its front page marks it with where it is from', async (t) => {
  await until('the mirror has all', isInStep)
  const front = await mirror.page('/')
  t.match(front, 'From other sites')
  t.match(front, `from ${new URL(origin.address).host}`)
  t.match(await mirror.page(mirroredYotsuba), `which signed it as <code>${origin.serverName}</code>`)
})

void t.test('A chapter that is added in the form is on the other site’s page within a second', async (t) => {
  const tookMs: number[] = []
  for (const number of LATE_ADDITIONS) {
    await origin.addChapter(number)
    const addedMs = Date.now()
    await until('the chapter is there', async () => (await mirror.page(mirroredYotsuba)).includes(`Ch. ${number}`))
    tookMs.push(Date.now() - addedMs)
  }
  t.ok(Math.min(...tookMs) < IN_REAL_TIME_MS, `it took ${tookMs.join(', ')} ms`)
})

void t.test('Both are killed and started again at random while chapters are added, and end in step', async (t) => {
  const random = seededRandom(seedOf(t))
  let number = 100
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    for (let added = 0; added < 3; added += 1) await origin.addChapter((number += 1))
    await pause(random.below(50))
    const hit = [[origin], [mirror], [origin, mirror]][random.below(3)] ?? []
    await Promise.all(hit.map((site) => site.kill()))
    for (const site of hit) await site.start()
  }
  await origin.addChapter((number += 1))
  await until('both are in step', isInStep)
  const listed = await mirror.json<JsonObject[]>(`/v1/manga/chapters/${ofOrigin}?series_id=yotsuba`)
  t.equal(listed.length, (await origin.json<JsonObject[]>('/v1/manga/chapters?series_id=yotsuba')).length)
  t.match(await mirror.page(mirroredYotsuba), `Ch. ${number}`)

  for (const kind of ['series', 'chapters']) {
    const mirrored = await mirror.page(`/v1/manga/${kind}/${ofOrigin}`)
    t.equal(mirrored, await origin.page(`/v1/manga/${kind}/${ofOrigin}`), `all ${kind} are equal, byte for byte`)
  }
  t.strictSame(await entries(mirror), await entries(origin), 'and so are the logs')
})

/** Whether the mirror shows the head that the origin shows. */
async function isInStep(): Promise<boolean> {
  const own = await origin.json<JsonObject>('/v1/manga/log/head')
  const shown = await mirror.json<JsonObject>(`/v1/manga/log/${ofOrigin}/head`)
  return own['size'] === shown['size'] && own['root'] === shown['root']
}

/** All entries of the origin's log, as a site serves them. */
async function entries(site: Example): Promise<JsonObject[]> {
  const all: JsonObject[] = []
  for (;;) {
    type Page = { entries: JsonObject[]; head: { size: number } }
    const page = await site.json<Page>(`/v1/manga/log/${ofOrigin}/entries?since=${all.length}`)
    all.push(...page.entries)
    if (page.entries.length === 0 || all.length >= page.head.size) return all
  }
}

/** Waits for something that must come about. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > endMs) throw new Error(`After ${PATIENCE_MS / 1000} s still not: ${what}.`)
    await pause(20)
  }
}
