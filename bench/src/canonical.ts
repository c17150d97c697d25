import { encodeCanonical } from '@manga-federation/core'
import canonicalize from 'canonicalize'
import { type BenchResult, medianSpeedRatio } from './measure.ts'
import { seriesObjects } from './series.ts'

const OBJECTS = 2000
const ROUNDS = 21

/** Both sides end with bytes, since bytes are what is signed, hashed and served. */
const utf8 = new TextEncoder()

/** Canonical encoding against the npm package `canonicalize`, on series objects of about 1 KB. */
export async function canonicalEncoding(): Promise<BenchResult[]> {
  const { objects, source } = seriesObjects(OBJECTS)
  const ratio = await medianSpeedRatio(
    () => objects.forEach((object) => encodeCanonical(object)),
    () => objects.forEach((object) => utf8.encode(canonicalize(object))),
    ROUNDS,
  )
  return [{ name: 'canonical encoding', ratio, limit: 1.5, direction: 'at least', detail: `canonicalize on ${source}` }]
}
