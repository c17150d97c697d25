import {
  type JsonObject,
  type JsonValue,
  type OriginStatus,
  signDocument,
  type SigningKey,
} from '@manga-federation/core'

/** What an origin has to lie with. */
export interface Truth {
  /** The page that it would answer with: of three entries or more, and their bodies. */
  readonly page: LogPage
  /** What another origin would answer with. */
  readonly others: LogPage
  /** Heads that it signed: over less than the follower has, and over as much of a second log. */
  readonly heads: { readonly smaller: JsonObject; readonly second: JsonObject }
  readonly serverName: string
  readonly keyId: string
  readonly key: SigningKey
}

/** A page of the log, as it goes over the wire. */
export interface LogPage extends JsonObject {
  readonly start: number
  readonly entries: JsonObject[]
  readonly bodies: JsonObject
  readonly head: JsonObject
  readonly proof: string[]
}

/** One way to lie, and what the follower's operator is told. */
export interface Lie {
  readonly name: string
  /** What is answered in place of the truth. */
  tell(truth: Truth): JsonValue
  readonly says: RegExp
  /** What the origin is in the follower's eyes then. */
  readonly state: OriginStatus['state']
}

const HASH = 'A'.repeat(43)

/** Everything that an origin may try (PROTOCOL section 9). */
export const LIES: readonly Lie[] = [
  {
    name: 'rolls its log back',
    tell: ({ page, heads }) => nothingBut(page, heads.smaller),
    says: /signed a log of .* before, and now/,
    state: 'behind',
  },
  {
    name: 'signs a second log of the same size',
    tell: ({ page, heads }) => nothingBut(page, heads.second),
    says: /fork|two logs|contradict/i,
    state: 'forked',
  },
  {
    name: 'omits an entry',
    tell: ({ page }) => ({ ...page, entries: page.entries.toSpliced(1, 1) }),
    says: /entry|entries/,
    state: 'incomplete',
  },
  {
    name: 'repeats an entry',
    tell: ({ page }) => ({ ...page, entries: page.entries.toSpliced(1, 0, page.entries[0]!) }),
    says: /head covers only/,
    state: 'incomplete',
  },
  {
    name: 'exchanges two entries',
    tell: ({ page: { entries, ...page } }) => ({ ...page, entries: entries.toSpliced(0, 2, entries[1]!, entries[0]!) }),
    says: /out of order|entry/i,
    state: 'incomplete',
  },
  {
    name: 'alters an entry',
    tell: ({ page: { entries, ...page } }) => ({ ...page, entries: entries.with(0, { ...entries[0], id: 'other' }) }),
    says: /do not lead to the head/,
    state: 'forked',
  },
  {
    name: 'alters a body',
    tell: ({ page }) => ({ ...page, bodies: alteredFirst(page.bodies) }),
    says: /body/,
    state: 'incomplete',
  },
  {
    name: 'withholds a body',
    tell: ({ page }) => ({ ...page, bodies: Object.fromEntries(Object.entries(page.bodies).slice(1)) }),
    says: /body of entry .* (is missing|left out)/,
    state: 'incomplete',
  },
  {
    name: 'sends a proof that is too long',
    tell: ({ page }) => ({ ...page, proof: [...page.proof, HASH] }),
    says: /do not lead to the head/,
    state: 'forked',
  },
  {
    name: 'sends a proof without end',
    tell: ({ page }) => ({ ...page, proof: Array.from({ length: 1000 }, () => HASH) }),
    says: /proof/,
    state: 'incomplete',
  },
  {
    name: 'claims a size that it has no entries for',
    tell: ({ page, ...truth }) => nothingBut(page, longer(page.head, truth)),
    says: /none came/,
    state: 'incomplete',
  },
  {
    name: 'replays the page of another origin',
    tell: ({ others }) => others,
    says: /another server|is of/i,
    state: 'incomplete',
  },
  {
    name: 'sends more entries than a page has',
    tell: ({ page }) => ({ ...page, entries: Array.from({ length: 257 }, () => page.entries[0]!) }),
    says: /257 entries/,
    state: 'incomplete',
  },
  {
    name: 'sends nonsense',
    tell: () => ['nonsense'],
    says: /did not answer with its log/,
    state: 'incomplete',
  },
]

/** A page with this head and no entries. */
function nothingBut({ start }: LogPage, head: JsonObject): LogPage {
  return { start, entries: [], bodies: {}, head, proof: [] }
}

function alteredFirst(bodies: JsonObject): JsonObject {
  const [[seq, body] = ['', {}], ...rest] = Object.entries(bodies)
  return { [seq]: { ...(body as JsonObject), updated_ts: 1 }, ...Object.fromEntries(rest) }
}

/** A head over more entries than there are, properly signed. */
function longer(
  { signatures: _signatures, ...head }: JsonObject,
  { serverName, keyId, key }: Omit<Truth, 'page'>,
): JsonObject {
  return signDocument({ ...head, size: Number(head['size']) + 10, root: HASH }, serverName, keyId, key)
}
