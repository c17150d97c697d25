// Holds the coverage of the last test run (tap's json-summary) to floors. They are raised when they can be, never lowered.
import { readFileSync } from 'node:fs'

/** Least percent of what the packages' and examples' sources have. */
const FLOORS = { lines: 98, branches: 95, functions: 97 }

const summary = JSON.parse(readFileSync(new URL('../.tap/report/coverage-summary.json', import.meta.url), 'utf8'))
for (const [kind, floor] of Object.entries(FLOORS)) {
  const { pct } = summary.total[kind]
  const isEnough = pct >= floor
  console.log(`${kind}: ${pct} % (at least ${floor} %)${isEnough ? '' : ': too little'}`)
  if (!isEnough) process.exitCode = 1
}
