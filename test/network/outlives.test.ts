import type { JsonObject, LoadBalancerStatus, VolunteerStatus } from '@manga-federation/core'
import {
  createReader,
  environment,
  type ReadPage,
  type Reader,
  type ReaderCatalog,
  type ReaderOptions,
  type ServerProblem,
} from '@manga-federation/core/client'
import t, { type Test } from 'tap'
import { chaptersAfter } from '../faults/changes.ts'
import { until } from '../faults/site.ts'
import { siteClock } from '../faults/site-clock.ts'
import { type Lie, openFront } from './front.ts'
import { canonical, objectsOf, readAll } from './read-all.ts'
import { openSite, type Site } from './sites.ts'

/** What the origin's database had seen when it first published, and what it has seen since. */
const CHANGES = { first: 8, all: 120 } as const

const MINUTE_MS = 60 * 1000

/** Load balancers, and those who want to be one, look how things stand every 5 minutes, or a fifth later. */
const LOOK_MS = 6 * MINUTE_MS

/** What changed lately may be served as it was for so long (PROTOCOL section 7). */
const LAG_MS = 15 * MINUTE_MS

/** Load balancers are asked in random order: reading is repeated until one had its turn. */
const MAX_DRAWS = 60

/** An object as the origin lists it. */
interface ListedObject extends JsonObject {
  readonly id: string
}

/** One way to lie, and what others say about it. */
interface LieCase {
  readonly name: string
  readonly lie: Lie
  /** What the origin finds. */
  readonly code: string
  /** What a reader finds. */
  readonly problem: Pick<ServerProblem, 'reason' | 'objects'> & { readonly message: RegExp }
  /** Reads where it is told. */
  read(catalog: ReaderCatalog): Promise<ReadPage>
}

const folder = t.testdir({ origin: {}, honest: {}, liar: {}, witness1: {}, witness2: {} })
const clock = siteClock()
const front = await openFront(t)
const [origin, honest, liar, ...witnesses] = await Promise.all([
  openSite(t, `${folder}/origin`),
  openSite(t, `${folder}/honest`),
  openSite(t, `${folder}/liar`, front.serverName),
  openSite(t, `${folder}/witness1`),
  openSite(t, `${folder}/witness2`),
])
front.lead(liar.address)
const volunteers = [honest, liar]
const domain = new URL(origin.address).host

await origin.ask('change', CHANGES.first)
const oldChapter = (await listed('chapters?series_id=s1')).find(({ id }) => id === 'c1')!
await origin.ask('change', CHANGES.all)

const LIES: readonly LieCase[] = [
  {
    name: 'one altered title',
    lie: (_kind, objects) =>
      objects.map((object) => (object['id'] === 's3' ? { ...object, metadata: { en: { title: 'Altered' } } } : object)),
    code: 'E104',
    problem: { reason: 'altered', objects: [{ kind: 'series', id: 's3' }], message: /did not sign: series "s3"/ },
    read: (catalog) => catalog.series(),
  },
  {
    name: 'one omitted chapter',
    lie: (_kind, objects) => objects.filter(({ id }) => id !== 'c12'),
    code: 'E103',
    problem: { reason: 'omitted', objects: [{ kind: 'chapter', id: 'c12' }], message: /leaves out chapter "c12"/ },
    read: (catalog) => catalog.chapters('s2'),
  },
  {
    name: 'one old revision',
    lie: (_kind, objects) => objects.map((object) => (object['id'] === 'c1' ? oldChapter : object)),
    code: 'E100',
    problem: { reason: 'old', objects: [{ kind: 'chapter', id: 'c1' }], message: /an old version of chapter "c1"/ },
    read: (catalog) => catalog.chapters('s1'),
  },
]

const allLies: Lie = (kind, objects) => LIES.reduce((told, { lie }) => lie(kind, told), objects)

void t.test('Two volunteers mirror the catalog, register, and are advertised', async (t) => {
  await Promise.all(volunteers.map((volunteer) => volunteer.ask('volunteer', origin.serverName)))
  await until(whatVolunteersAreTold, (told) => told.every(({ state }) => state === 'pending' || state === 'success'))
  await untilAdvertised(volunteers.map(nameOf))
  await nextLook()
  await until(whatVolunteersAreTold, (told) => told.every(({ state }) => state === 'success'))
  t.match(
    (await origin.ask('loadBalancers')).map(({ message }) => message),
    volunteers.map(() => /holds the entire catalog and is advertised/),
  )
})

void t.test('A volunteer that lies is advertised no more after the next look at it', async (t) => {
  for (let passedMs = 0; passedMs < LAG_MS; passedMs += LOOK_MS) await nextLook()
  for (const { name, lie, code } of LIES) {
    await t.test(name, async (t) => {
      front.lie = lie
      t.match(await nextLook(), { state: 'error', error: { code }, message: /is not advertised/ })
      t.strictSame(await advertised(), [honest.serverName])
      front.lie = undefined
      t.match(await nextLook(), { state: 'success', error: undefined })
      await untilAdvertised(volunteers.map(nameOf))
    })
  }
})

void t.test(
  'A volunteer that lies to readers only stays advertised, and readers who check name each lie',
  async (t) => {
    front.lie = allLies
    front.isTrueToOrigin = true
    t.equal((await nextLook()).state, 'success')
    await expectCheckNames(t, await openReader().lookup(domain))
    front.lie = undefined
  },
)

/** What is left of the origin: what it listed last, its link, and what a reader was told who never asked for its keys. */
let truth = new Map<string, string>()
let link = ''
let foundBefore: ReaderCatalog

void t.test('The origin is killed for good', async (t) => {
  truth = await servedByOrigin()
  const chapters = chaptersAfter(CHANGES.all).map((id) => `chapter ${id}`)
  t.same(new Set([...truth.keys()].filter((key) => key.startsWith('chapter'))), new Set(chapters))
  link = await origin.ask('link')
  t.same(new Set(new URLSearchParams(new URL(link).hash).getAll('m')), new Set(volunteers.map(nameOf)))
  foundBefore = await openReader({ witnesses: witnesses.map(nameOf) }).lookup(domain)
  for (const { serverName } of witnesses) {
    await getJson(`${serverName}/keys/origin/${encodeURIComponent(origin.serverName)}`)
  }
  await origin.kill()
  await t.rejects(fetch(origin.address), 'nobody listens on its port any more')
})

void t.test('A reader that never met it reads the whole catalog by its link, and verifies every object', async (t) => {
  const catalog = await openReader().lookup(link)
  t.match(catalog.message, /its servers are those that the link names/)
  const pages = await readAll(catalog)
  t.strictSame(objectsOf(pages), truth, 'all objects are there, byte for byte')
  for (const page of pages) {
    t.match(page, { isPrimary: false, freshness: 'fresh', completeness: 'checked' })
    t.ok(volunteers.map(nameOf).includes(page.servedBy))
    if (page.items.length > 0) t.match(page.evidence, [{ serverName: origin.serverName, toldBy: [/^link #k=/] }])
  }
  const named = pages.flatMap(({ problems }) => problems)
  t.ok(named.length > 0)
  t.ok(named.every(({ serverName, reason }) => serverName === origin.serverName && reason === 'unreachable'))
})

void t.test('A reader that found it in time, and has no link, is told its keys by two witnesses', async (t) => {
  const pages = await readAll(foundBefore)
  t.strictSame(objectsOf(pages), truth)
  t.match(pages[0]?.evidence, [{ serverName: origin.serverName, toldBy: witnesses.map(nameOf) }])
})

void t.test('One volunteer lies: a reader names each lie and goes on to the other volunteer', async (t) => {
  front.lie = allLies
  front.isTrueToOrigin = false
  for (const { name, problem, read } of LIES) {
    await t.test(name, async (t) => {
      const { catalog, page } = await drawn(read)
      t.match(page.problems.filter(isOfLiar), [{ serverName: liar.serverName, ...problem }])
      t.equal(page.servedBy, honest.serverName)
      t.equal(page.completeness, 'checked')
      const pages = await readAll(catalog)
      t.strictSame(objectsOf(pages), truth, 'and the whole catalog is read')
      t.ok(pages.every(({ servedBy }) => servedBy === honest.serverName))
    })
  }
  await t.test('all three, in one check of the catalog', async (t) => {
    await expectCheckNames(t, await openReader().lookup(link))
  })
})

/** Expects that a check finds each lie, and nothing wrong with the volunteer that is honest. */
async function expectCheckNames(t: Test, catalog: ReaderCatalog): Promise<void> {
  const { servers } = await catalog.check()
  const found = new Map(servers.map(({ serverName, problems }) => [serverName, problems]))
  t.match(
    found.get(liar.serverName),
    LIES.map(({ problem }) => ({ serverName: liar.serverName, ...problem })),
  )
  t.strictSame(found.get(honest.serverName), [])
}

/** Reads as somebody who knows the link alone, until it was the liar's turn. */
async function drawn(read: LieCase['read']): Promise<{ catalog: ReaderCatalog; page: ReadPage }> {
  for (let draw = 1; draw <= MAX_DRAWS; draw += 1) {
    const catalog = await openReader().lookup(link)
    const page = await read(catalog)
    if (page.problems.some(isOfLiar)) return { catalog, page }
  }
  throw new Error(`The volunteer that lies was not asked in ${MAX_DRAWS} readings.`)
}

/** All objects of the catalog in canonical form, by kind and id, as the origin itself lists them. */
async function servedByOrigin(): Promise<Map<string, string>> {
  const series = await listed('series')
  const chapters = await Promise.all(series.map(({ id }) => listed(`chapters?series_id=${id}`)))
  return new Map([
    ...series.map((object) => [`series ${object.id}`, canonical(object)] as const),
    ...chapters.flat().map((object) => [`chapter ${object.id}`, canonical(object)] as const),
  ])
}

async function listed(listing: string): Promise<ListedObject[]> {
  return (await getJson(`${origin.serverName}/manga/${listing}`)) as ListedObject[]
}

async function getJson(url: string): Promise<unknown> {
  return (await fetch(url)).json()
}

async function whatVolunteersAreTold(): Promise<VolunteerStatus[]> {
  return (await Promise.all(volunteers.map((volunteer) => volunteer.ask('volunteering')))).flat()
}

/** What the well-known file of the origin names. */
async function advertised(): Promise<string[]> {
  const file = (await getJson(`${origin.address}/.well-known/manga/servers`)) as { 'load-balancers': string[] }
  return file['load-balancers'].toSorted()
}

async function untilAdvertised(names: readonly string[]): Promise<void> {
  await until(advertised, (shown) => shown.join() === names.toSorted().join())
}

/** Lets time pass until the origin has looked at both volunteers anew. Tells what it found at the one that lies. */
async function nextLook(): Promise<LoadBalancerStatus> {
  const before = await origin.ask('loadBalancers')
  await passTime(LOOK_MS)
  const after = await until(
    () => origin.ask('loadBalancers'),
    (seen) => seen.every(({ checkedTs }, index) => checkedTs !== before[index]?.checkedTs),
  )
  return after.find(({ serverName }) => serverName === liar.serverName)!
}

/** Lets time pass for everybody; for the origin last, since what it begins then would be too slow if more passed. */
async function passTime(ms: number): Promise<void> {
  clock.pass(ms)
  await Promise.all([...volunteers, ...witnesses].map((site) => site.ask('passTime', ms)))
  await origin.ask('passTime', ms)
}

function isOfLiar({ serverName }: ServerProblem): boolean {
  return serverName === liar.serverName
}

function nameOf({ serverName }: Site): string {
  return serverName
}

/** A reader that remembers nothing yet. */
function openReader(options: ReaderOptions = {}): Reader {
  const reader = createReader({
    ...options,
    allowInsecure: true,
    allowedPorts: 'any',
    [environment]: clock.environment,
  })
  t.teardown(() => reader.close())
  return reader
}
