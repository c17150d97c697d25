import assert from 'node:assert/strict'
import { memoryUsage } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { concatBytes } from '../bytes.ts'
import { importPublicKey } from '../crypto/index.ts'
import { createHttpClient } from '../egress/index.ts'
import { systemEnvironment } from '../environment.ts'
import { encodeCanonical, type JsonObject } from '../json/index.ts'
import type { KeyAnswer, KeyFinder } from '../keys/index.ts'
import { testKey } from '../keys/test-origin.ts'
import { MAX_PAGE_ENTRIES, parsePage, startFollowing } from '../log/index.ts'
import { NOW_TS } from '../log/test-log.ts'
import type { PageApplier } from './apply-page.ts'
import { type AcceptedEntry, examine, type TruePage } from './examine-page.ts'
import type { ExaminedPage } from './judge-page.ts'
import { type LogSource, ownLogSource, type ServedPage } from './log-source.ts'
import { PageMemory } from './page-memory.ts'
import { EntryPacker, type PackedEntries, unpackEntries } from './packed-entries.ts'
import { examineOnThread, examinerBeside } from './page-thread-node.ts'
import { examineOnThread as withoutThreads } from './page-thread-portable.ts'
import type { LendablePage, PageTask, ThreadFinding } from './page-thread.ts'
import { pullLog } from './pull.ts'
import { testFollower } from './test-follower.ts'
import { serveLog, type TestLogServer } from './test-log-server.ts'

const MINUTE_MS = 60 * 1000

/** The thread's own code is TypeScript here, which Node does not run by itself before version 22.18. */
const runsSources = 'typescript' in process.features && process.features.typescript
const skip = runsSources ? false : 'this Node does not run the sources of a thread'

const DESCRIPTION = 'They set out without knowing where the road ends. '.repeat(12)

/** A server whose only page is long enough for a thread. */
async function serveLongPage(t: Test): Promise<TestLogServer> {
  const origin = await serveLog(t)
  for (let number = 0; number < 100; number += 1) {
    const metadata = { en: { title: `Night ${number}`, description: DESCRIPTION }, ja: { title: `第${number}夜` } }
    origin.put('chapter', `c${number % 90}`, { fields: { metadata } })
  }
  origin.log.delete('c7')
  return origin
}

/** A page, and what it is compared with. */
interface TestTask extends PageTask, LendablePage {
  bytes: Uint8Array
}

function taskOf({ serverName }: TestLogServer, page: JsonObject): TestTask {
  return {
    bytes: encodeCanonical(page),
    held: startFollowing(serverName),
    isRelayed: false,
    names: { allowInsecure: true },
    groupKeys: new Map(),
    nowTs: NOW_TS,
  }
}

/** Knows the key of a test's server, and counts how often it was asked. */
function finderFor({ key }: TestLogServer): Pick<KeyFinder, 'find'> & { asked: number } {
  const finder = {
    asked: 0,
    find(serverName: string, keyId: string): KeyAnswer {
      finder.asked += 1
      if (keyId !== key.keyId) return { missing: 'unknown_key', message: `${serverName} has no key ${keyId}` }
      const evidence = { keyId, serverName, source: 'origin', toldBy: [serverName], firstSeenTs: NOW_TS } as const
      return { key: importPublicKey(key.signingKey.publicKey), evidence }
    },
  }
  return finder
}

interface PageSeenHere extends TruePage {
  readonly entries: readonly AcceptedEntry[]
}

async function examineHere(origin: TestLogServer, { bytes, held }: TestTask): Promise<PageSeenHere> {
  const page = parsePage(bytes)
  const finder = finderFor(origin)
  const environment = { now: () => NOW_TS }
  const entries: AcceptedEntry[] = []
  const found = await examine({ page, held, isRelayed: false }, { finder, environment }, (entry) => entries.push(entry))
  if (!found.verified) throw new Error(found.message)
  return { ...found, entries }
}

function pack(entries: readonly AcceptedEntry[], page: Uint8Array): PackedEntries | undefined {
  const packer = new EntryPacker(page, (bytes) => new Uint8Array(bytes))
  for (const entry of entries) packer.add(entry)
  return packer.packed()
}

async function examineThere(task: TestTask, finder: Pick<KeyFinder, 'find'>): Promise<ThreadFinding | undefined> {
  return examineOnThread(task, task, (...question) => finder.find(...question))
}

t.test('entries are packed and unpacked without a change, and their bytes are those of the page', async (t) => {
  const origin = await serveLongPage(t)
  const task = taskOf(origin, await origin.log.page(0, origin.log.size))
  const { entries } = await examineHere(origin, task)
  const packed = pack(entries, task.bytes)!
  const unpacked = unpackEntries(packed, task.bytes)
  t.same(unpacked, entries)
  t.ok(unpacked.every(({ bytes }) => bytes.buffer === task.bytes.buffer))
  t.equal(packed.objects, 101)
  t.equal(pack(entries, task.bytes.slice()), undefined, 'what stands elsewhere is not packed')
  const marked = { ...entries[0]!, id: '\ufeffa', object: undefined }
  t.same(unpackEntries(pack([marked], task.bytes)!, task.bytes), [marked], 'a byte order mark is a character')
  t.equal(pack([{ ...marked, id: '\ud800' }], task.bytes), undefined, 'half a character is none')
  const most = Array.from({ length: MAX_PAGE_ENTRIES }, () => entries.find(({ object }) => object)!)
  t.same(unpackEntries(pack(most, task.bytes)!, task.bytes), most, 'a full page')
  t.equal(pack([...most, ...most], task.bytes), undefined, 'what is longer than a page is none')
})

t.test('a thread finds what is found here, and asks for a key once', { skip }, async (t) => {
  const origin = await serveLongPage(t)
  const page = await origin.log.page(0, origin.log.size)
  const task = taskOf(origin, page)
  const here = await examineHere(origin, taskOf(origin, page))
  const finder = finderFor(origin)
  const there = (await examineThere(task, finder))!
  t.same(there.summary, here.summary)
  t.same(unpackEntries(there.entries, task.bytes), here.entries)
  t.equal(await there.areGood, true)
  t.equal(finder.asked, 1)
  const before = task.bytes
  const lent = (await examineThere(task, finder))!
  t.same([before.length, task.bytes], [0, encodeCanonical(page)], 'a page moves to a thread that runs, and comes back')
  t.same(unpackEntries(lent.entries, task.bytes), here.entries)
  t.equal(await lent.areGood, true)
  t.equal(finder.asked, 2, 'which is asked for anew before the next page, in place of it')
  const forgetful = { find: (): KeyAnswer => ({ missing: 'unknown_key', message: 'It is known no more' }) }
  t.equal(await examineThere(task, forgetful), undefined, 'a key that was good before is not believed for that')
})

t.test('what was found of a page leaves the young generation', { skip }, async (t) => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  const origin = await serveLongPage(t)
  const task = taskOf(origin, await origin.log.page(0, origin.log.size))
  const finder = finderFor(origin)
  const examineTimes = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count++) {
      const { areGood } = (await examineThere(task, finder))!
      t.equal(await areGood, true)
      collectGarbage({ type: 'minor' })
    }
  }
  await examineTimes(5)
  const { numbers, texts, hashes } = (await examineThere(task, finder))!.entries
  const before = memoryUsage().external
  await examineTimes(60)
  const kept = (memoryUsage().external - before) / (numbers.byteLength + texts.byteLength + hashes.byteLength)
  t.ok(kept < 10, `${kept.toFixed(1)} of 60`)
})

t.test('a page that is not seen to be true is left to who asked', { skip }, async (t) => {
  const origin = await serveLongPage(t)
  const page = await origin.log.page(0, origin.log.size)
  const finder = finderFor(origin)
  const cases: [string, TestTask][] = [
    ['it is cut off', { ...taskOf(origin, page), bytes: encodeCanonical(page).slice(0, -1) }],
    ['an entry is missing', taskOf(origin, { ...page, entries: (page.entries as JsonObject[]).slice(1) })],
    ['it is not canonical', { ...taskOf(origin, page), bytes: spaced(encodeCanonical(page)) }],
  ]
  for (const [what, task] of cases) {
    const copy = task.bytes.slice()
    t.equal(await examineThere(task, finder), undefined, what)
    t.same(task.bytes, copy, 'and the page is given back')
  }
  const unknown = { find: (): KeyAnswer => ({ missing: 'unknown_key', message: 'There is no such key' }) }
  t.equal(await examineThere(taskOf(origin, page), unknown), undefined, 'its key is unknown')
  const broken = {
    find: (): never => {
      throw new Error('The store is gone')
    },
  }
  t.equal(await examineThere(taskOf(origin, page), broken), undefined, 'keys cannot be looked up')
  t.equal(
    await withoutThreads(taskOf(origin, page), taskOf(origin, page), finder.find),
    undefined,
    'there are no threads',
  )
})

t.test('a page that a thread ended with is asked for again, and its server is not blamed', async (t) => {
  const origin = await serveLongPage(t)
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  const memory = new PageMemory(3)
  const given: Uint8Array[] = []
  const page = await ownLogSource(origin.serverName, client).page(0, (bytes) => {
    given.push(memory.take(bytes))
    return given.at(-1)!
  })
  t.equal(page.bytes!.buffer, given[0]!.buffer, 'it is read into the memory that it was given')
  t.ok(page.bytes!.length < given[0]!.length, 'which may be longer')
  t.equal(page.read().json.start, 0)
  page.bytes = undefined
  t.throws(() => page.read(), { code: 'unreachable', message: `entry 0 on of ${origin.serverName} was lost here` })
})

t.test('the memory of pages is used again where it is long enough, and a little of it kept', (t) => {
  const memory = new PageMemory(3)
  const first = memory.take(300_000)
  t.ok(first.length >= 300_000)
  memory.giveBack(first.subarray(0, 10))
  t.not(memory.take(400_000).buffer, first.buffer, 'it is too short')
  t.equal(memory.take(310_000).buffer, first.buffer, 'all of it')
  t.not(memory.take(10).buffer, first.buffer, 'and once')
  const pages = [1, 2, 3, 4].map((bytes) => memory.take(bytes))
  const long = memory.take(2 * 1024 * 1024)
  for (const page of [long, ...pages]) memory.giveBack(page)
  const again = pages.map(({ length }) => memory.take(length).buffer)
  t.equal(again.filter((buffer) => pages.some((page) => page.buffer === buffer)).length, 3)
  t.end()
})

t.test('inside a bundle no thread is tried, for it would run the bundle', async (t) => {
  const places: [string | undefined, string | undefined][] = [
    ['file:///site/node_modules/core/dist/follow/page-thread-node.js', 'page-examiner.js'],
    ['file:///core/src/follow/page-thread-node.ts', 'page-examiner.ts'],
    ['file:///site/bundle.js', undefined],
    ['file:///site/my-page-thread-node.js', undefined],
    [undefined, undefined],
  ]
  for (const [own, file] of places) t.equal(examinerBeside(own)?.pathname.split('/').at(-1), file, own ?? 'nowhere')
})

t.test('a bad signature on a long page is refused in words', async (t) => {
  const origin = await serveLongPage(t)
  const { following } = await testFollower(t)
  origin.put('chapter', 'forged', { signer: testKey(9, origin.key.keyId) })
  await following.follow(origin.serverName)
  const status = await following.status(origin.serverName)
  t.match(status, { state: 'incomplete', size: 0, message: /Entry 102 \(chapter "forged"\) is refused/ })
})

t.test('after a full page the next is asked for early, and once; a page that is not full ends the turn', async (t) => {
  const origin = await serveLog(t, 255 + 3 * 256 + 10)
  const { following, advance } = await testFollower(t)
  origin.requests()
  await following.follow(origin.serverName)
  t.match(await following.status(origin.serverName), { state: 'fresh', size: 4 * 256 + 10 })
  const pages = origin.requests().filter((path) => path.startsWith('/entries'))
  t.strictSame(
    pages.map((path) => Number(new URLSearchParams(path.split('?')[1]).get('since'))),
    [0, 256, 512, 768, 1024],
  )

  const short = await serveLog(t, 255 + 3 * 256 + 10, 2)
  short.tamperWithPage = async (page) =>
    page.start === 512 ? short.log.page(512, 600) : page.start === 768 ? short.log.page(768, 900) : page
  await following.follow(short.serverName)
  await advance(MINUTE_MS)
  t.match(await following.status(short.serverName), { state: 'fresh', size: 4 * 256 + 10, lastError: undefined })
})

t.test('of the pages of a turn only those that are under way stay in memory', async (t) => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const pages: WeakRef<ServedPage>[] = []
  const source: LogSource = {
    relay: undefined,
    head: async () => ({ head: null, etag: undefined }),
    async page() {
      const page = { bytes: new Uint8Array(), read: () => assert.fail('It was examined.') }
      pages.push(new WeakRef(page))
      return page
    },
  }
  const headSize = 100
  let [examined, stored, kept] = [0, 0, 0]
  const applier: PageApplier = {
    look: async () => ({ outcome: 'ahead', size: 0, headSize }),
    async examine() {
      examined += 1
      return { summary: { followed: { range: { size: examined } }, head: { size: headSize } } } as ExaminedPage
    },
    async apply() {
      stored += 1
      // References that were made in this turn of the event loop count as held.
      await new Promise((resolve) => setImmediate(resolve))
      if (stored === headSize / 2) {
        collectGarbage()
        kept = pages.filter((page) => page.deref()).length
      }
      return { outcome: 'applied', size: stored, headSize }
    },
  }
  const { signal } = new AbortController()
  const options = { serverName: 'https://a.example/v1', etag: undefined, knownSize: 0, environment: systemEnvironment }
  t.match(await pullLog({ ...options, source, applier, signal }), { outcome: 'level' })
  t.equal(pages.length, headSize)
  t.ok(kept <= 5, `${kept} of ${headSize / 2}`)
})

t.test('long pages are taken in one after the other, however long they are', async (t) => {
  const origin = await serveLongPage(t)
  origin.pageSize = 90
  const { following, store, advance } = await testFollower(t)
  await following.follow(origin.serverName)
  await advance(MINUTE_MS)
  t.match(await following.status(origin.serverName), { state: 'fresh', size: 102 })
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 89)
  t.match(await store.catalog.get(origin.serverName, 'chapter', 'c7'), undefined)
})

/** The page with white space behind the colon of its first entry's members. */
function spaced(page: Uint8Array): Uint8Array {
  const at = Buffer.from(page).indexOf('"entries":[{') + '"entries":[{'.length
  return concatBytes([page.subarray(0, at), Uint8Array.of(0x20), page.subarray(at)])
}
