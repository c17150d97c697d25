import { appending } from './appending.ts'
import { canonicalEncoding } from './canonical.ts'
import { documents } from './documents.ts'
import { frameworks } from './frameworks.ts'
import { latency } from './latency.ts'
import { type BenchResult, describeResult, isWithinLimit } from './measure.ts'
import { memory } from './memory.ts'
import { publishing } from './publishing.ts'
import { reading } from './reading.ts'
import { scaling } from './scaling.ts'
import { syncing } from './syncing.ts'
import { verifying } from './verifying.ts'
import { witnessing } from './witnessing.ts'

/** One after the other: two at the same time would measure each other. */
const BENCHES: Readonly<Record<string, () => Promise<BenchResult[]>>> = {
  canonical: canonicalEncoding,
  documents,
  reading,
  frameworks,
  witnessing,
  verifying,
  publishing,
  appending,
  memory,
  latency,
  syncing,
}

/** What takes long, and needs more than Node: only when it is asked for. */
const BENCHES_ON_DEMAND: typeof BENCHES = { scaling }

const [chosen] = process.argv.slice(2)
const all = { ...BENCHES, ...BENCHES_ON_DEMAND }
if (chosen !== undefined && !Object.hasOwn(all, chosen)) {
  throw new Error(`There is no measurement ${chosen}. There are ${Object.keys(all).join(', ')}.`)
}

for (const bench of chosen === undefined ? Object.values(BENCHES) : [all[chosen]!]) {
  for (const result of await bench()) {
    console.log(describeResult(result))
    if (!isWithinLimit(result)) process.exitCode = 1
  }
}
