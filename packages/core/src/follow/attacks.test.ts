import t from 'tap'
import { encodeBase64, type JsonObject } from '../json/index.ts'
import { testKey } from '../keys/test-origin.ts'
import { loadedKey, NOW_TS, testLog } from '../log/test-log.ts'
import type { OriginState } from './index.ts'
import { type TestFollower, testFollower } from './test-follower.ts'
import { serveLog, type TestLogServer } from './test-log-server.ts'

const HOUR_MS = 60 * 60 * 1000

/** Entries that the follower holds before the attack. */
const HELD = 11

/** What a server does, and what its follower makes of it. */
interface Attack {
  readonly name: string
  /** Changes what the server shows. Its log has gained some entries before. */
  readonly attack: (origin: TestLogServer) => void | Promise<void>
  readonly state: OriginState
  /** Of what was refused; undefined when the server's answer could not even be read. */
  readonly reason: string | undefined
  readonly words: RegExp
}

/** Lets the server alter its pages. */
function altered(
  alter: (page: JsonObject, origin: TestLogServer) => JsonObject | Promise<JsonObject>,
): Attack['attack'] {
  return (origin) => {
    origin.tamperWithPage = (page) => alter(page, origin)
  }
}

/** Goes back to an earlier log and goes on from there to a size. */
function rewritten(from: number, to: number): Attack['attack'] {
  return (origin) => {
    origin.log = origin.log.fork(from)
    for (let size = from; size < to; size += 1) origin.put('chapter', `other${size}`)
    origin.facts = { issuedTs: NOW_TS + 1 }
  }
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'rolls back',
    attack: rewritten(5, 5),
    state: 'behind',
    reason: 'rollback',
    words: /signed a log of epoch 1 with 11 entries before, and now shows epoch 1 with 5.*acceptNewLog/,
  },
  {
    name: 'restores a backup and goes on',
    attack: rewritten(5, 7),
    state: 'forked',
    reason: 'fork',
    words: /signed a log of 11 entries before, and now one of 7 that contradicts it.*restored a backup/,
  },
  {
    name: 'signs another log of the same size',
    attack: rewritten(5, HELD),
    state: 'forked',
    reason: 'fork',
    words: /signed two heads that contradict each other, one of 11 entries and one of 11/,
  },
  {
    name: 'signs another, longer log',
    attack: rewritten(5, 20),
    state: 'forked',
    reason: 'bad_proof',
    words: /do not lead to the head.*acceptNewLog/,
  },
  {
    name: 'shows a head, and other entries to it',
    attack: (origin) => {
      const shown = origin.log.head()
      origin.log = origin.log.fork(HELD)
      for (let size = HELD; size < Number(shown.size); size += 1) origin.put('chapter', `other${size}`)
      origin.tamperWithHead = () => shown
    },
    state: 'forked',
    reason: 'fork',
    words: /signed two heads that contradict each other, one of 16 entries and one of 16/,
  },
  {
    name: 'omits an entry',
    attack: altered((page) => ({ ...page, entries: (page.entries as JsonObject[]).toSpliced(1, 1) })),
    state: 'incomplete',
    reason: 'wrong_sequence',
    words: /Entry 13 stands where entry 12 should be/,
  },
  {
    name: 'alters an entry',
    attack: altered((page) => ({
      ...page,
      entries: (page.entries as JsonObject[]).with(2, { ...(page.entries as JsonObject[])[2]!, ts: 1 }),
    })),
    state: 'forked',
    reason: 'bad_proof',
    words: /do not lead to the head/,
  },
  {
    name: 'alters a body',
    attack: altered((page) => {
      const bodies = page.bodies as JsonObject
      return { ...page, bodies: { ...bodies, 12: { ...(bodies[12] as JsonObject), metadata: {} } } }
    }),
    state: 'incomplete',
    reason: 'body_mismatch',
    words: /11 of 16 entries are held. The page was altered: the body of entry 12/,
  },
  {
    name: 'withholds a body',
    attack: altered((page) => ({ ...page, bodies: withoutBody(page, 12) })),
    state: 'incomplete',
    reason: 'body_missing',
    words: /The body of entry 12 is missing, though its object is still current/,
  },
  {
    name: 'sends an endless page',
    attack: (origin) => {
      origin.tamperWithPage = (_page, response) => {
        const chunk = Buffer.alloc(64 * 1024, ' ')
        const more = (): void => {
          if (!response.writableEnded && !response.destroyed) response.write(chunk, () => setImmediate(more))
        }
        more()
        return undefined
      }
    },
    state: 'incomplete',
    reason: undefined,
    words: /8388608 bytes/,
  },
  {
    name: 'sends a proof of the wrong length',
    attack: altered((page) => ({ ...page, proof: [encodeBase64(new Uint8Array(32))] })),
    state: 'forked',
    reason: 'bad_proof',
    words: /do not lead to the head/,
  },
  {
    name: 'sends a proof that is none',
    attack: altered((page) => ({ ...page, proof: Array.from({ length: 1000 }, () => 'AAAA') })),
    state: 'incomplete',
    reason: 'bad_proof',
    words: /must be a list of 54 hashes at most/,
  },
  {
    name: 'claims a size that it has no entries for',
    attack: (origin) => {
      const head = origin.log.head({ size: 2 ** 50 })
      origin.tamperWithHead = () => head
      origin.tamperWithPage = (page) => ({ ...page, head, entries: [], bodies: {} })
    },
    state: 'incomplete',
    reason: 'entries_missing',
    words:
      /11 of 1125899906842624 entries are held. The head says that there are 1125899906842624 entries, and none came/,
  },
  {
    name: 'has more entries than its head covers',
    attack: altered((page, origin) => ({ ...page, head: origin.log.head({ size: 16 }), entries: doubled(page) })),
    state: 'incomplete',
    reason: 'beyond_head',
    words: /its head covers only 16/,
  },
  {
    name: 'sends more entries than a page may have',
    attack: altered((page) => ({ ...page, entries: Array.from({ length: 257 }, () => ({})) })),
    state: 'incomplete',
    reason: 'bad_page',
    words: /it has 257 entries, 256 at most/,
  },
  {
    name: 'answers from another place than it was asked for',
    attack: altered((page) => ({ ...page, start: 0 })),
    state: 'incomplete',
    reason: undefined,
    words: /did not answer with its log from entry 11 on/,
  },
  {
    name: 'replays the page of another server',
    attack: altered(async (page) => {
      const other = testLog('https://other.example/v1', loadedKey(1))
      for (let size = 0; size < 16; size += 1) other.put(`c${size}`)
      return { ...page, ...(await other.page(HELD, 16)) }
    }),
    state: 'incomplete',
    reason: 'wrong_server',
    words: /the head of another server's log/,
  },
  {
    name: 'logs an object that a stranger signed',
    attack: (origin) => origin.put('chapter', 'x', { signer: testKey(9) }),
    state: 'incomplete',
    reason: 'unknown_key',
    words: /Entry 16 \(chapter "x"\) is refused.*has no key ed25519:k9/,
  },
  {
    name: 'logs an object that a stranger signed under its own key id',
    attack: (origin) => origin.put('chapter', 'x', { signer: testKey(9, 'ed25519:k1') }),
    state: 'incomplete',
    reason: 'bad_signature',
    words: /Entry 16 .* is refused/,
  },
  {
    name: 'logs an object that was altered after it was signed',
    attack: (origin) => origin.put('chapter', 'x', { after: { images: 'ipfs://elsewhere' } }),
    state: 'incomplete',
    reason: 'bad_signature',
    words: /Entry 16 .* the object was altered/,
  },
  {
    name: 'logs a series as a chapter',
    attack: (origin) => origin.log.put('s2', { body: { metadata: { en: { title: 'x' } } } }),
    state: 'incomplete',
    reason: 'malformed',
    words: /Entry 16 .* a chapter must name its series/,
  },
  {
    name: 'has a clock that is an hour ahead',
    attack: (origin) => void (origin.facts = { issuedTs: NOW_TS + HOUR_MS }),
    state: 'fresh',
    reason: 'future_head',
    words: /All 11 entries are held/,
  },
  {
    name: 'signs with a key that it does not publish',
    attack: (origin) => {
      const strange = testLog(origin.serverName, loadedKey(2))
      for (let size = 0; size < 20; size += 1) strange.put(`c${size}`)
      origin.log = strange
    },
    state: 'fresh',
    reason: 'unsigned_head',
    words: /All 11 entries are held/,
  },
  {
    name: 'begins a new log',
    attack: (origin) => void (origin.facts = { epoch: 2 }),
    state: 'behind',
    reason: 'new_epoch',
    words: /began a new log \(epoch 2 after 1\).*acceptNewLog/,
  },
]

function withoutBody(page: JsonObject, seq: number): JsonObject {
  return Object.fromEntries(Object.entries(page.bodies as JsonObject).filter(([key]) => key !== String(seq)))
}

function doubled(page: JsonObject): JsonObject[] {
  return [...(page.entries as JsonObject[]), ...(page.entries as JsonObject[])]
}

/** All that is held of a server. */
async function heldOf({ store }: TestFollower, serverName: string): Promise<unknown> {
  const { size } = await store.catalog.state(serverName)
  return {
    size,
    head: Buffer.from((await store.log.head(serverName))!).toString(),
    series: (await store.catalog.list({ origin: serverName, kind: 'series', limit: 1000 })).map(({ id }) => id),
    chapters: (await store.catalog.list({ origin: serverName, kind: 'chapter', limit: 1000 })).map(({ id }) => id),
    page: (await store.log.page(serverName, { since: 0, limit: 256, maxBytes: 2 ** 23 })).entries.length,
  }
}

for (const { name, attack, state, reason, words } of ATTACKS) {
  t.test(`a server that ${name} is found out before anything is stored`, async (t) => {
    const origin = await serveLog(t, 10)
    const follower = await testFollower(t)
    const { following, records, time } = follower
    t.equal((await following.follow(origin.serverName)).state, 'fresh')
    const held = await heldOf(follower, origin.serverName)
    for (let number = 0; number < 5; number += 1) origin.put('chapter', `new${number}`)
    await attack(origin)

    const status = await following.check(origin.serverName)
    t.equal(status.state, state)
    t.match(status.message, words)
    t.ok(status.lastError, 'the operator is told')
    const record = await records.get(origin.serverName)
    t.equal(record?.refusal?.reason, reason)
    t.same(await heldOf(follower, origin.serverName), held, 'nothing was stored')
    t.equal(record?.fork !== undefined, state === 'forked')
    if (record?.fork) {
      t.ok(record.fork.heads.length >= 2, 'both heads are kept')
      t.equal(record.fork.held.size, HELD)
      origin.requests()
      await following.check(origin.serverName)
      await time.advance(24 * HOUR_MS)
      t.same(origin.requests(), [], 'and it is followed no further')
    }
  })
}

t.test('pushed pages are held to the same', async (t) => {
  for (const { name, attack, reason } of ATTACKS) {
    const origin = await serveLog(t, 10)
    const follower = await testFollower(t)
    const { following } = follower
    await following.follow(origin.serverName)
    const held = await heldOf(follower, origin.serverName)
    for (let number = 0; number < 5; number += 1) origin.put('chapter', `new${number}`)
    await attack(origin)
    if (origin.log.size < HELD || reason === undefined) continue
    const honest = await origin.log.page(HELD, origin.log.size, origin.facts)
    const page = (await origin.tamperWithPage(honest, undefined as never))!
    const received = await following.receive(origin.serverName, page)
    if (name.startsWith('shows a head')) {
      t.equal(received.outcome, 'applied', 'whoever was shown no other head holds it to none')
      continue
    }
    t.match(received, { outcome: 'refused', reason, size: HELD }, name)
    t.same(await heldOf(follower, origin.serverName), held, name)
  }
})

t.test('a body that an early page leaves out must come before the end', async (t) => {
  const origin = await serveLog(t, 10)
  origin.pageSize = 4
  origin.tamperWithPage = (page) => ({ ...page, bodies: withoutBody(page, 2) })
  const follower = await testFollower(t)
  const status = await follower.following.follow(origin.serverName)
  t.match(status, { state: 'incomplete', size: 8, headSize: 11 })
  t.match(status.message, /left out the body of entry 2 \(chapter "c2"\), though its object is still current/)

  t.test('and does not matter once its object has a later version', async (t) => {
    origin.put('chapter', 'c2')
    t.match(await follower.following.check(origin.serverName), { state: 'fresh', size: 12, lastError: undefined })
    t.equal(await follower.store.catalog.count(origin.serverName, 'chapter'), 10)
  })
})
