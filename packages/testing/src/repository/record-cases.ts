import assert from 'node:assert/strict'
import { checkCatalogRecord, reasonOf } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { asSent } from './comparing.ts'
import { itemsOf, type CatalogRecord, type Listing } from './listing.ts'

const PAGE_LIMIT = 100

export const recordCases: readonly Case<Listing>[] = [
  {
    name: 'the records can be signed and published',
    run: async (listing) => {
      for await (const record of itemsOf(listing, PAGE_LIMIT)) requirePublishable(listing, record)
    },
  },
  {
    name: 'no text is what JavaScript makes of a value that is not there',
    run: async (listing) => {
      for await (const record of itemsOf(listing, PAGE_LIMIT)) {
        const leftover = leftoverIn(asSent(record))
        assert.ok(
          leftover === undefined,
          `The ${listing.kind} with the id ${JSON.stringify(record.id)} would be published with ${leftover}. Leave a ` +
            'field out that your row does not have, and take the text out of an object.',
        )
      }
    },
  },
]

/** What the publisher would leave out and report, here fails with the same words. */
function requirePublishable({ kind }: Listing, record: CatalogRecord): void {
  try {
    checkCatalogRecord(kind, record)
  } catch (error) {
    assert.fail(`The ${kind} with the id ${JSON.stringify(record.id)} cannot be published: ${reasonOf(error)}`)
  }
}

/** What a template or `String()` writes for what is not text. */
const LEFTOVER = /^(undefined|Invalid Date)$|\[object \w+\]/

/** The path and the text of the first such value; undefined where there is none. */
function leftoverIn(value: unknown, path: readonly string[] = []): string | undefined {
  if (typeof value === 'string') return LEFTOVER.test(value) ? `${path.join('.')} ${JSON.stringify(value)}` : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const found = leftoverIn(inner, [...path, name])
    if (found !== undefined) return found
  }
  return undefined
}
