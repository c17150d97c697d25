import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Store } from '@manga-federation/core'
import t, { type Test } from 'tap'
import { nodeArguments } from '../../../examples/shared/src/test-process.ts'
import { CHAPTERS_A_COMMIT, ORIGIN, bytesOf, chapterIds, entryBytes, headOf, sizeAfter } from './test-commits.ts'
import { anyDriver, withStore } from './test-drivers.ts'

const ROUNDS = 20

/** Each round starts a process, which Node 20 has to compile: four seconds on a machine that does nothing else. */
const TIMEOUT_MS = 5 * 60 * 1000

/** So many commits at most before the kill: beyond some fifty the write-ahead log is also copied into the file. */
const MAX_COMMITS_A_ROUND = 80

const driver = anyDriver()

t.setTimeout(TIMEOUT_MS)

t.test(
  'a process killed while it commits leaves what it told of, whole',
  { skip: driver ? false : 'no driver' },
  async (t) => {
    t.setTimeout(TIMEOUT_MS)
    const path = join(t.testdir(), 'store.db')
    for (let round = 1; round <= ROUNDS; round++) {
      const told = await commitUntilKilled(path, 1 + Math.floor(Math.random() * MAX_COMMITS_A_ROUND))
      const size = await withStore(driver!, path, async (store) => {
        const number = (await store.catalog.versions(ORIGIN, 'series', ['counter'])).get('counter')?.revision ?? 0
        t.ok(number >= told, `round ${round}: commit ${told} was told of, commit ${number} is there`)
        await assertWhole(t, store, number)
        return sizeAfter(number)
      })
      const connection = driver!(path)
      t.same({ ...connection.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
      t.same(
        { ...connection.prepare('SELECT count(*) AS entries, count(body) AS bodies FROM entries').get() },
        { entries: size, bodies: 1 + CHAPTERS_A_COMMIT },
      )
      connection.close()
    }
  },
)

/** The store holds all of this commit, and nothing of another where this one replaced it. */
async function assertWhole(t: Test, { catalog, log }: Store, number: number): Promise<void> {
  const [since, size] = [sizeAfter(number - 1), sizeAfter(number)]
  t.equal((await catalog.state(ORIGIN)).size, size)
  t.same(
    await catalog.list({ origin: ORIGIN, kind: 'chapter', limit: 1000 }),
    chapterIds(number).map((id) => ({ id, bytes: bytesOf(number) })),
  )
  const { head, entries } = await log.page(ORIGIN, { since, limit: 256, maxBytes: 1_000_000 })
  t.same(head, headOf(number))
  t.same(
    entries.map(({ bytes }) => bytes),
    Array.from({ length: size - since }, (_, index) => entryBytes(since + index)),
  )
}

/** Lets a process commit until it has told of so many commits, kills it, and returns the last one it told of. */
async function commitUntilKilled(path: string, commits: number): Promise<number> {
  const script = fileURLToPath(new URL('test-committer.ts', import.meta.url))
  const child = spawn(process.execPath, [...nodeArguments(), script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  let told = 0
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line)
    if (++lines === commits) child.kill('SIGKILL')
  }
  await closed
  return told
}
