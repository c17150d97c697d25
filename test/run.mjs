// Runs tap, and says at the end which tests were skipped and why: tap's own report buries that. Ends as tap does.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TAP = join(ROOT, 'node_modules/tap/dist/esm/run.mjs')

/** Where tap leaves the output of each test file, until the file is run again. */
const RESULTS = join(ROOT, '.tap/test-results')

/** A test of any depth that was skipped, and why. */
const SKIPPED = /^ *ok \d+ .*# SKIP *(.*)$/gm

function filesSince(startMs) {
  if (!existsSync(RESULTS)) return []
  const files = readdirSync(RESULTS, { recursive: true }).map((name) => join(RESULTS, name))
  return files.filter((file) => file.endsWith('.tap') && statSync(file).mtimeMs >= startMs)
}

function countByReason(files) {
  const counts = new Map()
  for (const file of files) {
    for (const [, reason] of readFileSync(file, 'utf8').matchAll(SKIPPED)) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
  }
  return counts
}

const startMs = Date.now()
const { status } = spawnSync(process.execPath, [TAP, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' })
for (const [reason, count] of countByReason(filesSince(startMs))) {
  console.log(`Skipped: ${count === 1 ? '1 test' : `${count} tests`}, because ${reason || 'its file says so'}`)
}
process.exitCode = status ?? 1
