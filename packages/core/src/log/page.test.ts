import t from 'tap'
import { canonicalText, encodeBase64, type JsonObject, type JsonValue, signedBytes } from '../json/index.ts'
import {
  MAX_PAGE_ENTRIES,
  pageOf,
  type PageVerdict,
  parsePage,
  readHead,
  rootOf,
  startFollowing,
  verifyPage,
} from './index.ts'
import type { FollowedLog, PageEntry, ReceivedPage } from './index.ts'
import { loadedKey, NOW_TS, publicKeys, testLog, type TestLog } from './test-log.ts'

const serverName = 'https://manga.example.com/v1'
const key = loadedKey(1)
const trust = { keys: publicKeys([key]), nowTs: NOW_TS }

/** Twelve chapters, of which c0 is changed by entry 12 and c1 deleted by entry 13. */
function sampleLog(): TestLog {
  const log = testLog(serverName, key)
  for (let number = 0; number < 12; number += 1) log.put(`c${number}`)
  log.put('c0')
  log.delete('c1')
  return log
}

/** A verdict, with what the page was seen to have until then. */
type VerdictOnEntries = PageVerdict & { readonly entries: readonly PageEntry[] }

function verifyReceived(page: ReceivedPage, followed: FollowedLog): VerdictOnEntries {
  const entries: PageEntry[] = []
  const verdict = verifyPage(page, followed, trust, (entry) => entries.push(entry))
  return { ...verdict, entries }
}

const verify = (page: JsonValue, followed: FollowedLog): VerdictOnEntries => verifyReceived(pageOf(page), followed)

/** The verdict on a page that must be good. */
function accept(page: JsonValue, followed: FollowedLog): Extract<VerdictOnEntries, { readonly verified: true }> {
  const verdict = verify(page, followed)
  if (!verdict.verified) throw new Error(`${verdict.reason}: ${verdict.message}`)
  return verdict
}

/** The sizes of the heads that a follower remembers. */
const headSizes = ({ heads }: FollowedLog): number[] => heads.map(({ size }) => size)

/** A follower that holds the first entries, and saw the head of the log as it was then. */
async function followerOf(log: TestLog, size: number): Promise<FollowedLog> {
  return accept(await log.page(0, size, { size }), startFollowing(serverName)).followed
}

const without = (object: JsonValue | undefined, field: string): JsonObject => {
  const { [field]: _left, ...rest } = object as JsonObject
  return rest
}
const withoutSigned = ({ body, ...entry }: PageEntry): unknown => ({
  ...entry,
  body: body && { json: body.json, bytes: body.bytes },
})
const listOf = (value: JsonValue | undefined): JsonValue[] => value as JsonValue[]

t.test('a page that came as bytes is judged as if it were encoded again', async (t) => {
  const log = sampleLog()
  const page = await log.page(0, log.size)
  const { '3': third, ...otherBodies } = page.bodies as JsonObject
  const altered = { ...(third as JsonObject), metadata: { en: { title: 'altered' } } }
  const cases: [name: string, text: string, isCanonical: boolean][] = [
    ['canonical', canonicalText(page), true],
    ['in another order', JSON.stringify({ ...page, bodies: page.bodies }), true],
    ['with spaces', JSON.stringify(page, undefined, 1), false],
    ['altered', canonicalText({ ...page, bodies: { ...otherBodies, '3': altered } }), true],
    ['a body too many', canonicalText({ ...page, bodies: { ...otherBodies, '3': third!, '99': third! } }), true],
    ['no bodies', canonicalText({ ...page, bodies: {} }), true],
  ]
  for (const [name, text, isCanonical] of cases) {
    const received = parsePage(new TextEncoder().encode(text))
    const followed = startFollowing(serverName)
    const [cut, encoded] = [verifyReceived(received, followed), verify(JSON.parse(text) as JsonValue, followed)]
    t.equal(received.headerBytes(0) !== undefined, isCanonical, name)
    const plain = ({ entries, ...verdict }: VerdictOnEntries): unknown => ({
      ...verdict,
      entries: entries.map(withoutSigned),
    })
    t.same(plain(cut), plain(encoded), name)
    if (!cut.verified) continue
    for (const { body } of cut.entries) {
      t.same(body?.signedBytes, body && isCanonical ? signedBytes(body.json) : undefined, name)
    }
  }
})

t.test('a log is followed page by page, whatever their size', async (t) => {
  const log = sampleLog()
  for (let step = 1; step <= log.size; step += 1) {
    let followed = startFollowing(serverName)
    const seen: unknown[] = []
    while (followed.range.size < log.size) {
      const start = followed.range.size
      const verdict = accept(await log.page(start, Math.min(start + step, log.size)), followed)
      followed = verdict.followed
      seen.push(...verdict.entries.map(({ header, body }) => [header.seq, header.id, body?.json.id]))
      t.same(verdict.withheld, [])
    }
    t.equal(encodeBase64(rootOf(followed.range)), log.head().root, `steps of ${step}`)
    t.same(followed.heads, [readHead(log.head())])
    t.equal(seen.length, log.size)
    t.same(seen.slice(-2), [
      [12, 'c0', 'c0'],
      [13, 'c1', undefined],
    ])
    t.ok(verify(await log.page(log.size, log.size), followed).verified, 'and nothing new is fine')
  }
})

t.test('an empty log is followed too', async (t) => {
  const log = testLog(serverName, key)
  const { followed } = accept(await log.page(0, 0), startFollowing(serverName))
  log.put('c0')
  t.equal(accept(await log.page(0, 1), followed).followed.range.size, 1)
})

t.test('what is to be stored comes with the verdict', async (t) => {
  const { entries } = accept(await sampleLog().page(0, 14), startFollowing(serverName))
  t.same(
    entries.map(({ completed }) => completed.length),
    [1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2],
  )
  for (const { header, body, leafHash, completed } of entries) {
    t.equal(body?.bytes.length, header.body?.size)
    t.equal(completed[0], leafHash)
  }
})

t.test('bodies may be left out of what was changed or deleted since', async (t) => {
  const log = sampleLog()
  const page = await log.page(0, 14)
  const lean = { ...page, bodies: without(without(page.bodies, '0'), '1') }
  t.match(verify(lean, startFollowing(serverName)), { verified: true, withheld: [] }, 'within the page')

  const early = await log.page(0, 2)
  t.match(
    verify({ ...early, bodies: without(early.bodies, '1') }, startFollowing(serverName)),
    { verified: true, withheld: [{ seq: 1, id: 'c1' }] },
    'or later, which is left to the follower to see',
  )
})

/** An attack on a follower that holds 8 entries: what it is sent, and what it must say. */
interface Attack {
  readonly name: string
  readonly page: (log: TestLog) => JsonValue | Promise<JsonValue>
  readonly reason: string
  readonly message: RegExp
}

/** An honest page of entries 8 to 13, altered. */
const altered =
  (alter: (page: JsonObject) => JsonObject): Attack['page'] =>
  async (log) =>
    alter(await log.page(8, 14))

/** The same, up to entry 11. */
const alteredMiddle =
  (alter: (page: JsonObject) => JsonObject): Attack['page'] =>
  async (log) =>
    alter(await log.page(8, 11))

const withEntries = (page: JsonObject, change: (entries: JsonValue[]) => JsonValue[]): JsonObject => ({
  ...page,
  entries: change(listOf(page.entries)),
})
const withProof = (page: JsonObject, change: (proof: JsonValue[]) => JsonValue[]): JsonObject => ({
  ...page,
  proof: change(listOf(page.proof)),
})

/** A log that shares the first entries, and has others from there on. */
function forkOf(log: TestLog, at: number, size: number): TestLog {
  const other = log.fork(at)
  while (other.size < size) other.put(`other${other.size}`)
  return other
}

const ATTACKS: readonly Attack[] = [
  // Form and size
  { name: 'no page', page: () => [], reason: 'bad_page', message: /must be an object/ },
  {
    name: 'no start',
    page: altered((page) => without(page, 'start')),
    reason: 'bad_page',
    message: /start must be/,
  },
  {
    name: 'entries that are no list',
    page: altered((page) => ({ ...page, entries: {} })),
    reason: 'bad_page',
    message: /entries must be a list/,
  },
  {
    name: 'an endless page',
    page: altered((page) => withEntries(page, ([first]) => Array.from({ length: MAX_PAGE_ENTRIES + 1 }, () => first!))),
    reason: 'bad_page',
    message: /257 entries, 256 at most/,
  },
  {
    name: 'no bodies',
    page: altered((page) => without(page, 'bodies')),
    reason: 'bad_page',
    message: /bodies must be an object/,
  },
  { name: 'no head', page: altered((page) => without(page, 'head')), reason: 'bad_head', message: /must be an object/ },
  // Whose and which entries
  { name: 'a page from before', page: (log) => log.page(7, 14), reason: 'wrong_start', message: /begins at entry 7/ },
  { name: 'a page from ahead', page: (log) => log.page(9, 14), reason: 'wrong_start', message: /the next one is 8/ },
  {
    name: "another origin's page replayed",
    page: () => forkOf(testLog('https://other.example.com/v1', key), 0, 14).page(8, 14),
    reason: 'wrong_server',
    message: /another server's log/,
  },
  {
    name: "another origin's entries under a head of its own",
    page: async (log) => {
      const other = await forkOf(testLog('https://other.example.com/v1', key), 0, 14).page(8, 14)
      return { ...other, head: log.head() }
    },
    reason: 'wrong_server',
    message: /Entry 8 is of another server/,
  },
  {
    name: 'an entry omitted',
    page: alteredMiddle((page) => withEntries(page, (entries) => entries.toSpliced(1, 1))),
    reason: 'wrong_sequence',
    message: /Entry 10 stands where entry 9 should be/,
  },
  {
    name: 'an entry doubled',
    page: altered((page) => withEntries(page, ([first, ...rest]) => [first!, first!, ...rest.slice(1)])),
    reason: 'wrong_sequence',
    message: /Entry 8 stands where entry 9/,
  },
  {
    name: 'entries reordered',
    page: altered((page) => withEntries(page, (entries) => entries.toReversed())),
    reason: 'wrong_sequence',
    message: /Entry 13 stands where entry 8/,
  },
  {
    name: 'the last entry omitted',
    page: altered((page) => withEntries(page, (entries) => entries.slice(0, -1))),
    reason: 'bad_proof',
    message: /from 8 to 13 do not lead to the head/,
  },
  {
    name: 'an entry without a field',
    page: altered((page) => withEntries(page, ([first, ...rest]) => [without(first, 'ts'), ...rest])),
    reason: 'bad_header',
    message: /Entry 8: .*ts must be/,
  },
  {
    name: 'an entry altered',
    page: altered((page) => withEntries(page, ([first, ...rest]) => [{ ...(first as JsonObject), id: 'x' }, ...rest])),
    reason: 'bad_proof',
    message: /altered on its way, or the server rewrote its log/,
  },
  {
    name: 'a size that there are no entries for',
    page: async (log) => ({ ...(await log.page(8, 8, { size: 8 })), head: log.head({ size: 1000 }) }),
    reason: 'entries_missing',
    message: /1000 entries, and none came from 8 on/,
  },
  {
    name: 'a size that there are no entries for, and some entries',
    page: async (log) => ({ ...(await log.page(8, 14)), head: log.head({ size: 1000 }) }),
    reason: 'bad_proof',
    message: /do not lead/,
  },
  {
    name: 'entries that the head does not cover',
    page: async (log) => ({ ...(await log.page(8, 14)), head: log.head({ size: 13 }) }),
    reason: 'beyond_head',
    message: /up to 14, and its head covers only 13/,
  },
  // Proofs
  {
    name: 'a proof where none is needed',
    page: altered((page) => ({ ...page, proof: [(page.head as JsonObject).root!] })),
    reason: 'bad_proof',
    message: /do not lead/,
  },
  {
    name: 'a proof that is too short',
    page: alteredMiddle((page) => withProof(page, (proof) => proof.slice(1))),
    reason: 'bad_proof',
    message: /do not lead/,
  },
  {
    name: 'a proof that is too long',
    page: alteredMiddle((page) => withProof(page, (proof) => [...proof, proof[0]!])),
    reason: 'bad_proof',
    message: /do not lead/,
  },
  {
    name: 'an endless proof',
    page: alteredMiddle((page) => withProof(page, ([first]) => Array.from({ length: 55 }, () => first!))),
    reason: 'bad_proof',
    message: /54 hashes at most/,
  },
  {
    name: 'a proof that is not one',
    page: alteredMiddle((page) => ({ ...page, proof: [1] })),
    reason: 'bad_proof',
    message: /in base64/,
  },
  {
    name: 'no proof',
    page: alteredMiddle((page) => without(page, 'proof')),
    reason: 'bad_proof',
    message: /must be a list/,
  },
  // Heads
  {
    name: 'a head that was altered',
    page: altered((page) => ({ ...page, head: { ...(page.head as JsonObject), size: 15 } })),
    reason: 'bad_head',
    message: /not good/,
  },
  {
    name: "a head signed with a stranger's key",
    page: async (log) => ({ ...(await log.page(8, 14)), head: testLog(serverName, loadedKey(2)).head() }),
    reason: 'unsigned_head',
    message: /no signature by a known key/,
  },
  {
    name: 'a head from the future, or a clock that jumped back',
    page: (log) => log.page(8, 14, { issuedTs: NOW_TS + 3_600_000 }),
    reason: 'future_head',
    message: /60 minutes from now: its clock or this machine's is wrong/,
  },
  {
    name: 'a new log',
    page: (log) => log.page(8, 14, { epoch: 2 }),
    reason: 'new_epoch',
    message: /epoch 2 after 1/,
  },
  {
    name: 'a rollback: the head is smaller than what is held',
    page: async (log) => ({ ...(await log.page(8, 8, { size: 8 })), head: log.head({ size: 5 }) }),
    reason: 'rollback',
    message: /with 8 entries before, and now shows epoch 1 with 5.*restored a backup/,
  },
  {
    name: 'a fork of the same size, nothing new',
    page: (log) => forkOf(log, 5, 8).page(8, 8),
    reason: 'fork',
    message: /two heads that contradict each other/,
  },
  {
    name: 'a fork behind what is held',
    page: (log) => forkOf(log, 5, 14).page(8, 14),
    reason: 'bad_proof',
    message: /rewrote its log \(a fork\)/,
  },
  // Bodies
  {
    name: 'a body withheld',
    page: altered((page) => ({ ...page, bodies: without(page.bodies, '10') })),
    reason: 'body_missing',
    message: /body of entry 10 is missing/,
  },
  {
    name: 'a body altered',
    page: altered((page) => ({
      ...page,
      bodies: { ...(page.bodies as JsonObject), 10: { ...((page.bodies as JsonObject)['10'] as JsonObject), more: 1 } },
    })),
    reason: 'body_mismatch',
    message: /entry 10 is not the one that was logged/,
  },
  {
    name: 'bodies exchanged',
    page: altered(({ bodies, ...page }) => {
      const { 9: nine, 10: ten } = bodies as JsonObject
      return { ...page, bodies: { ...(bodies as JsonObject), 9: ten!, 10: nine! } }
    }),
    reason: 'body_mismatch',
    message: /entry 9/,
  },
  {
    name: 'a body that is no object',
    page: altered((page) => ({ ...page, bodies: { ...(page.bodies as JsonObject), 10: 'x' } })),
    reason: 'body_mismatch',
    message: /entry 10/,
  },
  {
    name: 'a body for a deletion',
    page: altered((page) => ({ ...page, bodies: { ...(page.bodies as JsonObject), 13: {} } })),
    reason: 'body_mismatch',
    message: /entry 13/,
  },
  ...([{ id: 'c5' }, { server: 'https://other.example.com/v1' }, { revision: 99 }] as const).map((lie): Attack => ({
    name: `a body that says otherwise than its header: ${Object.keys(lie).join()}`,
    page: (log) => {
      const lying = log.fork(8)
      lying.put('c8', { body: lie })
      return lying.page(8, 9)
    },
    reason: 'body_mismatch',
    message: /entry 8/,
  })),
  {
    name: 'a body withheld, with a later entry for another kind of object of that id',
    page: async (log) => {
      const longer = log.fork(9)
      longer.put('c8', { kind: 'series' })
      const page = await longer.page(8, 10)
      return { ...page, bodies: without(page.bodies, '8') }
    },
    reason: 'body_missing',
    message: /entry 8/,
  },
  {
    name: 'a body for no entry of the page',
    page: altered((page) => ({ ...page, bodies: { ...(page.bodies as JsonObject), '010': {} } })),
    reason: 'body_mismatch',
    message: /none of its entries/,
  },
]

for (const { name, page, reason, message } of ATTACKS) {
  t.test(`refused: ${name}`, async (t) => {
    const log = sampleLog()
    const followed = await followerOf(log, 8)
    const remembered = structuredClone(followed.range)
    t.match(verify(await page(log), followed), { verified: false, reason, message })
    t.same(followed.range, remembered, 'nothing is changed')
    t.ok(verify(await log.page(8, log.size), followed).verified, 'and an honest page is still accepted')
  })
}

t.test('a server is held to a head that it showed before its entries came', async (t) => {
  const log = sampleLog()
  const { followed } = accept(await log.page(0, 4, { size: 10 }), startFollowing(serverName))
  t.same(headSizes(followed), [10])
  const { followed: second } = accept(await log.page(4, 6, { size: 12 }), followed)
  t.same(headSizes(second), [10, 12], 'the first head is kept until the entries reach it')
  t.match(verify(await log.page(6, 8, { size: 11 }), second), { reason: 'rollback' })
  const { followed: third } = accept(await log.page(6, 8, { size: 13 }), second)
  t.same(headSizes(third), [10, 13], 'and the last one')
  const { followed: reached } = accept(await log.page(8, 12), third)
  t.same(headSizes(reached), [13, 14])

  const other = forkOf(log, 7, 14)
  const { followed: deceived } = accept(await other.page(4, 6), followed)
  t.match(verify(await other.page(6, 12), deceived), {
    verified: false,
    reason: 'fork',
    message: /one of 10 entries and one of 14/,
    contradicted: readHead(log.head({ size: 10 })),
    head: readHead(other.head()),
  })
})

t.test('a new epoch is followed by who begins anew, and the old one no more', async (t) => {
  const log = sampleLog()
  const { followed: anew } = accept(await log.page(0, 14, { epoch: 2 }), startFollowing(serverName))
  t.match(verify(await log.page(14, 14), anew), { reason: 'rollback', message: /epoch 2 .* epoch 1/ })
})

t.test('signed again, a head of the same size takes the place of the one before', async (t) => {
  const log = sampleLog()
  const followed = await followerOf(log, 14)
  const { followed: later } = accept(await log.page(14, 14, { issuedTs: NOW_TS + 1 }), followed)
  t.match(later.heads, [{ issuedTs: NOW_TS + 1 }])
  t.equal(later.heads.length, 1)
})
