import assert from 'node:assert/strict'
import { checkCatalogRecord, reasonOf } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { itemsOf, type Listing, shown } from './listing.ts'

const PAGE_LIMIT = 100

export const recordCases: readonly Case<Listing>[] = [
  {
    name: 'the records can be signed and published',
    run: async (listing) => {
      for await (const record of itemsOf(listing, PAGE_LIMIT)) requirePublishable(listing, record)
    },
  },
]

/** What the publisher would leave out and report, here fails with the same words. */
function requirePublishable({ kind }: Listing, record: object): void {
  try {
    checkCatalogRecord(kind, record)
  } catch (error) {
    assert.fail(
      `The ${kind} with the id ${shown('id' in record ? record.id : undefined)} cannot be published: ${reasonOf(error)}`,
    )
  }
}
