import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from './child.ts'
import type { BenchResult } from './measure.ts'
import { API, SERVER_NAME } from './site.ts'

/** What the process under measurement may grow by. */
const LIMIT_MB = 150

const BYTES_A_MB = 1024 * 1024

/** How the slow reader reads: so much, then a pause, until it has had its slow part; then as fast as it can. */
const SLOW_READ_BYTES = 64 * 1024
const SLOW_PAUSE_MS = 2
const SLOW_PART_BYTES = 64 * BYTES_A_MB

const LISTING = `${API}/manga/chapters/origin/${encodeURIComponent(SERVER_NAME)}`

/** What a process had in memory at two moments, resident set size in bytes. */
export interface MemoryUse {
  /** When it had opened its store and had been warmed up. */
  readonly before: number
  /** The most that it had since it was last asked. */
  readonly peak: number
}

/** Memory that the first publish of a large catalog takes, and the whole listing of it to a slow reader. */
export async function memory(): Promise<BenchResult[]> {
  const site = startChild('./memory-process.ts', null)
  try {
    const port = await site.ask<number>('open')
    await readSlowly(port, 0)
    const publish = await site.ask<MemoryUse>('publish')
    const listedBytes = await readSlowly(port, SLOW_PART_BYTES)
    const list = await site.ask<MemoryUse>('peak')
    return [
      resultOf('first publish of 25,000 series and 300,000 chapters', publish),
      resultOf(`listing of 300,000 chapters, ${inMb(listedBytes)} MB, to a slow reader`, list),
    ]
  } finally {
    await site.stop()
  }
}

function resultOf(name: string, { before, peak }: MemoryUse): BenchResult {
  return {
    name: `memory of the ${name}`,
    ratio: (peak - before) / (LIMIT_MB * BYTES_A_MB),
    limit: 1,
    direction: 'at most',
    detail: `${LIMIT_MB} MB: the resident set grew from ${inMb(before)} to ${inMb(peak)} MB`,
  }
}

function inMb(bytes: number): string {
  return (bytes / BYTES_A_MB).toFixed(0)
}

/** Reads the whole listing, its first `slowBytes` little by little, and returns its length in bytes. */
async function readSlowly(port: number, slowBytes: number): Promise<number> {
  const request = get({ host: '127.0.0.1', port, path: LISTING })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let bytes = 0
  let untilPause = SLOW_READ_BYTES
  // Between two turns of this loop nothing is taken from the socket beyond the buffers of both ends.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    untilPause -= chunk.length
    if (bytes >= slowBytes || untilPause > 0) continue
    untilPause = SLOW_READ_BYTES
    await sleep(SLOW_PAUSE_MS)
  }
  if (response.statusCode !== 200 || !response.complete) throw new Error('The listing was not sent to its end.')
  return bytes
}
