import fc from 'fast-check'
import t from 'tap'
import { sha256 } from '../crypto/index.ts'
import { encodeBase64, encodeCanonical, isJsonObject, parseStrict } from '../json/index.ts'
import type { LoadedKey } from '../keys/index.ts'
import { silentLogger } from '../logger.ts'
import { type CatalogState, memoryStore, type Store } from '../store/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import {
  createLogReader,
  EMPTY_ROOT,
  type LogHead,
  openOwnLog,
  type OwnLog,
  type OwnLogOptions,
  readHead,
  type SignedObject,
} from './index.ts'
import { testFollower } from './test-follower.ts'
import { loadedKey, publicKeys } from './test-log.ts'

const serverName = 'https://manga.example.com/v1'
const HOUR_MS = 60 * 60 * 1000

/** A store with one or more logs open on it, and every head that was stored. */
interface Site {
  readonly store: Store
  readonly time: ManualEnvironment
  readonly heads: LogHead[]
  open(options?: Partial<OwnLogOptions>): Promise<OwnLog>
  head(): Promise<LogHead>
}

function site(): Site {
  const store = memoryStore()
  const time = manualEnvironment()
  const heads: LogHead[] = []
  const note = (head: Uint8Array | undefined): void => void (head && heads.push(readHead(parseStrict(head))))
  const { commit } = store.catalog
  store.catalog.commit = async (origin, change) => {
    const state = await commit(origin, change)
    if (state) note(change.log?.head)
    return state
  }
  const { replaceHead } = store.log
  store.log.replaceHead = async (origin, size, head) => {
    const replaced = await replaceHead(origin, size, head)
    if (replaced) note(head)
    return replaced
  }
  const keys = { active: () => [loadedKey(1)] }
  return {
    store,
    time,
    heads,
    open: (options = {}) =>
      openOwnLog({ serverName, store, keys, firstEpoch: 1, environment: time, logger: silentLogger, ...options }),
    head: async () => (await createLogReader(store.log).head(serverName))!,
  }
}

function signedObject(id: string, revision: number, updatedTs: number): SignedObject {
  const bytes = encodeCanonical({ id, server: serverName, revision, updated_ts: updatedTs })
  const common = { contentHash: sha256(bytes), locales: '|en|', searchText: id, mirrorOf: undefined }
  return {
    object: { kind: 'series', id, seriesId: undefined, revision, updatedTs, bytes, ...common },
    sha256: sha256(bytes),
  }
}

/** Puts and deletes these ids as a writer does: against what is stored now. */
async function change(
  { store, time }: Site,
  log: OwnLog,
  { puts = [], deletes = [] }: { puts?: readonly string[]; deletes?: readonly string[] },
): Promise<CatalogState | undefined> {
  const { size } = await store.catalog.state(serverName)
  const known = await store.catalog.versions(serverName, 'series', [...puts, ...deletes])
  return log.commit({
    expectedSize: size,
    puts: puts.map((id) => signedObject(id, (known.get(id)?.revision ?? 0) + 1, time.now())),
    deletes: deletes.flatMap((id) => {
      const version = known.get(id)
      return version?.contentHash ? [{ kind: 'series' as const, id, revision: version.revision }] : []
    }),
    changedTs: time.now(),
  })
}

t.test('a log begins with a signed head over nothing, and keeps its epoch', async (t) => {
  const place = site()
  const first = await place.open({ firstEpoch: 7 })
  t.match(await place.head(), { serverName, epoch: 7, size: 0, root: EMPTY_ROOT, issuedTs: place.time.now() })
  await first.stop()
  const again = await place.open({ firstEpoch: 8 })
  t.equal(place.heads.length, 1, 'nothing is signed again at the next start')
  await change(place, again, { puts: ['a'] })
  t.match(await place.head(), { epoch: 7, size: 1 })
  await again.stop()
  t.equal(place.time.waiting, 0, 'nothing is left behind')
})

t.test(
  'whatever happens to a catalog, a follower verifies its log entry by entry and ends with its objects',
  async (t) => {
    const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { maxLength: 5 })
    const step = fc.record({
      /** Two processes write; now and then one of them is started anew. */
      process: fc.nat(1),
      restarts: fc.boolean(),
      touched: ids,
      deleted: ids,
      waitsHours: fc.constantFrom(0, 0, 1, 7),
      /** In pages of how many entries the follower catches up after this step; 0: it is away. */
      follows: fc.nat(4),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const place = site()
        const logs = [await place.open(), await place.open()]
        const trust = () => ({ keys: publicKeys([loadedKey(1)]), nowTs: place.time.now() })
        const follower = testFollower(createLogReader(place.store.log), serverName, trust)
        for (const { process, restarts, touched, deleted, waitsHours, follows } of steps) {
          if (restarts) {
            await logs[process]!.stop()
            logs[process] = await place.open()
          }
          await change(place, logs[process]!, { puts: touched, deletes: deleted.filter((id) => !touched.includes(id)) })
          await place.time.advance(waitsHours * HOUR_MS)
          if (follows > 0) await follower.catchUp(follows)
        }
        await follower.catchUp(256)
        const objects = await place.store.catalog.list({ origin: serverName, kind: 'series', limit: 1000 })
        const held = [...follower.objects].sort(([a], [b]) => (a < b ? -1 : 1))
        t.same(
          held,
          objects.map(({ id, bytes }) => [`series ${id}`, bytes]),
        )
        t.same(
          follower.entries.map(({ header }) => header.seq),
          [...follower.entries.keys()],
        )
        t.equal(follower.followed.range.size, (await place.store.catalog.state(serverName)).size)
        t.ok(hasOneRootASize(place.heads), 'no size has two roots')
        await Promise.all(logs.map((log) => log.stop()))
      }),
      { numRuns: 60 },
    )
  },
)

function hasOneRootASize(heads: readonly LogHead[]): boolean {
  const roots = new Set(heads.map(({ epoch, size, root }) => `${epoch} ${size} ${encodeBase64(root)}`))
  return roots.size === new Set(heads.map(({ epoch, size }) => `${epoch} ${size}`)).size
}

t.test('of two processes that append at the same moment one is told that the other was faster', async (t) => {
  const place = site()
  const [one, two] = [await place.open(), await place.open()]
  for (let round = 0; round < 20; round += 1) {
    const states = await Promise.all([
      change(place, one, { puts: [`one-${round}`] }),
      change(place, two, { puts: [`two-${round}`, `three-${round}`] }),
    ])
    t.equal(states.filter((state) => state === undefined).length, 1)
  }
  t.ok(hasOneRootASize(place.heads))
  const reader = createLogReader(place.store.log)
  const follower = testFollower(reader, serverName, () => ({
    keys: publicKeys([loadedKey(1)]),
    nowTs: place.time.now(),
  }))
  await follower.catchUp(7)
  t.equal(follower.objects.size, await place.store.catalog.count(serverName, 'series'))
  await Promise.all([one.stop(), two.stop()])
})

t.test('the head is signed anew every 6 hours, and at a start that finds it old', async (t) => {
  const place = site()
  const log = await place.open()
  await change(place, log, { puts: ['a'] })
  const { issuedTs, root } = await place.head()
  await place.time.advance(6 * HOUR_MS - 1)
  t.equal((await place.head()).issuedTs, issuedTs)
  await place.time.advance(1)
  t.match(await place.head(), { issuedTs: issuedTs + 6 * HOUR_MS, size: 1, root, epoch: 1 })
  await place.time.advance(24 * HOUR_MS)
  t.equal((await place.head()).issuedTs, issuedTs + 30 * HOUR_MS)
  await log.stop()
  await place.time.advance(6 * HOUR_MS)
  t.equal((await place.head()).issuedTs, issuedTs + 30 * HOUR_MS, 'nobody signs when it is stopped')
  await (await place.open()).stop()
  t.equal((await place.head()).issuedTs, issuedTs + 36 * HOUR_MS)
  t.ok(hasOneRootASize(place.heads))
})

t.test(
  'the head is signed by all active keys as soon as these change, and when it came from a wrong clock',
  async (t) => {
    const place = site()
    let active: readonly LoadedKey[] = [loadedKey(1)]
    const log = await place.open({ keys: { active: () => active } })
    const signers = async (): Promise<string[]> => {
      const { signatures } = (await place.head()).json
      const own = isJsonObject(signatures) ? signatures[serverName] : undefined
      return isJsonObject(own) ? Object.keys(own) : []
    }
    active = [loadedKey(2), loadedKey(1)]
    await log.renewHead()
    t.same((await signers()).sort(), ['ed25519:k1', 'ed25519:k2'])
    await log.renewHead()
    t.equal(place.heads.length, 2, 'and only once')
    active = [loadedKey(2)]
    await place.time.advance(HOUR_MS / 4)
    t.same(await signers(), ['ed25519:k2'], 'a key that is old by now is noticed without being told')
    await log.stop()

    const ahead = manualEnvironment(place.time.now() + HOUR_MS)
    const wrong = await place.open({ environment: ahead, keys: { active: () => active } })
    await change({ ...place, time: ahead }, wrong, { puts: ['a'] })
    await wrong.stop()
    await (await place.open({ keys: { active: () => active } })).stop()
    t.match(await place.head(), { issuedTs: place.time.now(), size: 1 })
  },
)

t.test('a head that cannot be stored is tried again, and said', async (t) => {
  const place = site()
  const said: string[] = []
  const log = await place.open({ logger: { ...silentLogger, error: (_details, message) => void said.push(message) } })
  const { replaceHead } = place.store.log
  place.store.log.replaceHead = async () => Promise.reject(new Error('disk full'))
  await place.time.advance(6 * HOUR_MS)
  t.match(said, [/could not be signed anew/])
  place.store.log.replaceHead = replaceHead
  await place.time.advance(HOUR_MS / 4)
  t.equal((await place.head()).issuedTs, place.time.now())
  await log.stop()
})

t.test('a commit that failed leaves nothing behind, whether it was stored or not', async (t) => {
  const place = site()
  const log = await place.open()
  const { commit } = place.store.catalog
  const failing: Record<string, Store['catalog']['commit']> = {
    'it was not stored': async () => Promise.reject(new Error('disk full')),
    'it was stored, and the answer lost': async (origin, given) => {
      await commit(origin, given)
      throw new Error('connection lost')
    },
  }
  for (const [what, broken] of Object.entries(failing)) {
    place.store.catalog.commit = broken
    await t.rejects(change(place, log, { puts: [what] }), what)
    place.store.catalog.commit = commit
    t.ok(await change(place, log, { puts: ['next'] }))
  }
  const trust = () => ({ keys: publicKeys([loadedKey(1)]), nowTs: place.time.now() })
  const follower = testFollower(createLogReader(place.store.log), serverName, trust)
  await follower.catchUp(1)
  t.same(
    follower.entries.map(({ header }) => header.id),
    ['next', 'it was stored, and the answer lost', 'next'],
  )
  await log.stop()
})

t.test('a store that lost part of the log is never signed over', async (t) => {
  const place = site()
  const writer = await place.open()
  await change(place, writer, { puts: ['a', 'b', 'c'] })
  await writer.stop()
  const { nodes } = place.store.log
  place.store.log.nodes = async (...asked) => (await nodes(...asked)).map((hash) => sha256(hash))
  const log = await place.open()
  await t.rejects(change(place, log, { puts: ['d'] }), { code: 'store_damaged', message: /restore a backup/ })
  t.match(await place.head(), { size: 3 })
  await log.stop()
})
