import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { CHAPTERS_A_COMMIT, ORIGIN, bytesOf, chapterIds, sizeAfter } from './test-commits.ts'
import { anyDriver, withStore } from './test-drivers.ts'

const ROUNDS = 20

/** So many commits at most before the kill: beyond some fifty the write-ahead log is also copied into the file. */
const MAX_COMMITS_A_ROUND = 80

const driver = anyDriver()

t.test(
  'a process killed while it commits leaves what it told of, whole',
  { skip: driver ? false : 'no driver' },
  async (t) => {
    const path = join(t.testdir(), 'store.db')
    for (let round = 1; round <= ROUNDS; round++) {
      const told = await commitUntilKilled(path, 1 + Math.floor(Math.random() * MAX_COMMITS_A_ROUND))
      await withStore(driver!, path, async ({ catalog }) => {
        const number = (await catalog.versions(ORIGIN, 'series', ['counter'])).get('counter')?.revision ?? 0
        t.ok(number >= told, `round ${round}: commit ${told} was told of, commit ${number} is there`)
        t.equal((await catalog.state(ORIGIN)).size, sizeAfter(number))
        const objects = await catalog.list({ origin: ORIGIN, kind: 'chapter', limit: 1000 })
        t.same(
          objects,
          chapterIds(number).map((id) => ({ id, bytes: bytesOf(number) })),
        )
      })
      const connection = driver!(path)
      t.same({ ...connection.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
      t.same(
        { ...connection.prepare('SELECT count(*) AS bodies FROM bodies').get() },
        { bodies: 1 + CHAPTERS_A_COMMIT },
      )
      connection.close()
    }
  },
)

/** Lets a process commit until it has told of so many commits, kills it, and returns the last one it told of. */
async function commitUntilKilled(path: string, commits: number): Promise<number> {
  const script = fileURLToPath(new URL('test-committer.ts', import.meta.url))
  const child = spawn(process.execPath, [...nodeArguments(), script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
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

/** Node that reads TypeScript by itself starts ten times as fast without the test runner's loader. */
function nodeArguments(): readonly string[] {
  const readsTypeScript = 'typescript' in process.features && process.features.typescript !== false
  return readsTypeScript ? process.execArgv.filter((argument) => argument.startsWith('--conditions')) : process.execArgv
}
