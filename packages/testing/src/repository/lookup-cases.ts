import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { asSent, differenceOf, roundingHint } from './comparing.ts'
import { describeCall, itemsOf, type CatalogRecord, type Listing } from './listing.ts'
import { MAX_ID_LENGTH, shown } from './page-form.ts'

const PAGE_LIMIT = 100

/** Each look-up is a query; the first hundred items show what a look-up forgets. */
const LOOKED_UP = 100

/** Of as many items ids are made that only look like theirs. */
const IMITATED = 3

/** Ids that no catalog has, and that careless queries stumble over. */
const UNKNOWN_IDS: readonly string[] = [
  'no such id, made up by the conformance suite',
  "' OR '1'='1",
  '%',
  '-1',
  '1.5',
  '2147483648', // one more than an `integer` of SQL
  '99999999999999999999', // and than a `bigint`
  '00000000-0000-0000-0000-000000000000',
  '__proto__',
  '\u{1f600}',
  'x'.repeat(MAX_ID_LENGTH),
]

export const lookupCases: readonly Case<Listing>[] = [
  {
    name: 'looking an id up gets the record that the listing shows',
    run: async (listing) => {
      for await (const listed of firstOf(listing, LOOKED_UP)) {
        const found = await listing.get(listed.id)
        const call = describeCall(listing.getMethod, listed.id)
        assert.ok(
          found !== undefined && found !== null,
          `${call} returned ${shown(found)}, but ${listing.listMethod} shows that id. Both must know the same ` +
            `records.${roundingHint(listed.id)}`,
        )
        const difference = differenceOf(asSent(listed), asSent(found))
        assert.ok(
          difference === undefined,
          `${call} disagrees with ${listing.listMethod}: ${difference}. Build the record in one function that both ` +
            `use.${roundingHint(listed.id)}`,
        )
      }
    },
  },
  {
    name: 'looking an unknown id up gets undefined',
    run: async (listing) => {
      for (const id of UNKNOWN_IDS) await requireNoOther(listing, id)
    },
  },
  {
    name: 'looking up what only resembles an id gets undefined',
    run: async (listing) => {
      for await (const listed of firstOf(listing, IMITATED)) {
        for (const id of imitationsOf(listed.id)) {
          const found = await requireNoOther(listing, id)
          assert.ok(
            found === undefined || differenceOf(asSent({ ...listed, id }), asSent(found)) !== undefined,
            `${describeCall(listing.getMethod, id)} returned the record ${JSON.stringify(listed.id)} under another id. ` +
              SAY_WHICH,
          )
        }
      }
    },
  },
]

const SAY_WHICH =
  'Compare ids as a whole and as text (parseInt, Number and some collations take different texts for the same), in a ' +
  'query with parameters, and return undefined when there is none.'

/** Looks up an id that none of the known records has. @returns a record of that very id, which may after all exist. */
async function requireNoOther(listing: Listing, id: string): Promise<CatalogRecord | undefined> {
  const found: CatalogRecord | null | undefined = await listing.get(id)
  const call = describeCall(listing.getMethod, id)
  assert.ok(
    found !== null,
    `${call} returned null. Return undefined for an id that is not there: \`row ?? undefined\`.`,
  )
  assert.ok(
    found === undefined || found.id === id,
    `${call} returned a record with another id (${shown(found?.id)}). ${SAY_WHICH}`,
  )
  return found
}

/** What becomes the same id where ids are parsed carelessly, or compared without regard to case or spaces. */
function imitationsOf(id: string): string[] {
  const imitations = [`0${id}`, ` ${id}`, `${id} `, `${id}.0`, `${id}e0`, `${id}x`, id.toUpperCase(), id.toLowerCase()]
  return imitations.filter((each) => each !== id && each.length <= MAX_ID_LENGTH)
}

async function* firstOf(listing: Listing, most: number): AsyncGenerator<CatalogRecord, void, undefined> {
  let count = 0
  for await (const item of itemsOf(listing, PAGE_LIMIT, most)) {
    if (count++ === most) return
    yield item
  }
}
