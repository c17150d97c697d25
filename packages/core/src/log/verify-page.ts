import { sameBytes } from '../bytes.ts'
import { reasonOf } from '../errors.ts'
import type { JsonValue } from '../json/index.ts'
import { type CompactRange, EMPTY_RANGE, GrowingTree, rootOf } from './compact-range.ts'
import { type EntryHeader, type LogEntry, readEntry } from './entry.ts'
import { type HeadTrust, type LogHead, verifyHead } from './head.ts'
import { type EntryBody, PageBodies } from './page-bodies.ts'
import { fault, type Page, type PageFault, readPage } from './page.ts'
import type { ReceivedPage } from './received-page.ts'
import { verifyConsistency } from './verify-proofs.ts'

/** What a follower remembers of a log. */
export interface FollowedLog {
  readonly serverName: string
  /** The tree of all entries that it holds. */
  readonly range: CompactRange
  /**
   * Heads that it accepted, the smallest first, at most two: the last one, and while entries are missing the first one
   * that they have not reached. That one is kept to be compared with the entries when they are there: otherwise a
   * server that shows a head and then another one could not be held to the first.
   */
  readonly heads: readonly LogHead[]
}

/** An entry of a page, with all that came of it. */
export interface PageEntry extends LogEntry {
  /** Undefined when the object was deleted, or the body left out. */
  readonly body: EntryBody | undefined
  /** Hashes of the subtrees that it completes, see `Growth`: for whoever makes proofs of its own. */
  readonly completed: readonly Uint8Array[]
}

/** What is thought of a page. */
export type PageVerdict =
  | {
      readonly verified: true
      readonly head: LogHead
      /** What the follower remembers from now on. */
      readonly followed: FollowedLog
      /**
       * Entries whose body was left out and whose object no later entry of this page changes. A later page must change
       * or delete it: whoever stores the page makes sure of that before it says that it holds all of the head. Empty
       * when the page reaches the head.
       */
      readonly withheld: readonly EntryHeader[]
    }
  | ({
      readonly verified: false
      /** The page's head if its server signed it: evidence, together with the page. */
      readonly head: LogHead | undefined
    } & PageFault)

/** The state of a follower that holds nothing yet: of a log that it never saw, or of a new epoch of it. */
export function startFollowing(serverName: string): FollowedLog {
  return { serverName, range: EMPTY_RANGE, heads: [] }
}

/**
 * Verifies a page, pulled or pushed, before anything of it is stored (PROTOCOL section 9): names and numbers, head,
 * leaf hashes, proof, body hashes. The signatures of the objects are for the caller to check.
 *
 * @param received - the page, at most 8 MiB.
 * @param followed - what the follower remembers. Empty pages are accepted when there is nothing to add.
 * @param take - is given entry after entry, whose body is the one that its header names. All of them count for nothing
 *   until the page is verified. Together they take many times the memory of what is kept of them, so nobody holds them.
 */
export function verifyPage(
  received: ReceivedPage,
  followed: FollowedLog,
  trust: HeadTrust,
  take: (entry: PageEntry) => void,
): PageVerdict {
  const page = readPage(received)
  if ('reason' in page) return { verified: false, head: undefined, ...page }
  if (page.start !== followed.range.size) {
    const message = `The page begins at entry ${page.start}; the next one is ${followed.range.size}.`
    return { verified: false, head: undefined, ...fault('wrong_start', message) }
  }
  const signed = verifyHead(page.head, followed.serverName, trust)
  if (!signed.verified) return { ...signed, head: undefined }
  const { head } = signed
  const found = faultOfHead(head, page, followed) ?? verifyEntries(page, head, followed, take)
  return 'reason' in found ? { verified: false, head, ...found } : { verified: true, head, ...found }
}

/** What speaks against a head before any entry is looked at. */
function faultOfHead(head: LogHead, { start, entries }: Page, { heads }: FollowedLog): PageFault | undefined {
  const { serverName, epoch, size } = head
  const last = heads.at(-1)
  if (last && epoch > last.epoch) {
    const message = `${serverName} began a new log (epoch ${epoch} after ${last.epoch}). Follow it anew if you trust that.`
    return fault('new_epoch', message)
  }
  if (last && (epoch < last.epoch || size < last.size)) {
    const before = `epoch ${last.epoch} with ${last.size} entries`
    const message =
      `${serverName} signed a log of ${before} before, and now shows epoch ${epoch} with ${size}: ` +
      'this is an old copy, or its operator restored a backup.'
    return fault('rollback', message)
  }
  const other = heads.find((seen) => seen.size === size && !sameBytes(seen.root, head.root))
  if (other) return fork(other, head)
  if (start + entries.length > size) {
    const message = `The page has entries up to ${start + entries.length}, and its head covers only ${size}.`
    return fault('beyond_head', message)
  }
  if (entries.length === 0 && start < size) {
    return fault('entries_missing', `The head says that there are ${size} entries, and none came from ${start} on.`)
  }
  return undefined
}

/** What a page adds. */
type Findings = Pick<Extract<PageVerdict, { readonly verified: true }>, 'followed' | 'withheld'>

function verifyEntries(
  page: Page,
  head: LogHead,
  followed: FollowedLog,
  take: (entry: PageEntry) => void,
): Findings | PageFault {
  const { serverName } = followed
  const tree = new GrowingTree(followed.range)
  const bodies = new PageBodies(page.bodies)
  let contradicted: LogHead | undefined
  for (let index = 0; index < page.entries.length; index++) {
    const entry = nextEntry(page, index, serverName)
    if ('reason' in entry) return entry
    const completed = tree.append(entry.leafHash)
    contradicted ??= headContradicted(followed.heads, tree)
    const body = bodies.next(entry.header)
    if (!bodies.fault) take({ ...entry, completed, body })
  }
  const { range } = tree
  const wrong = faultOfTree(page, head, range) ?? (contradicted && fork(contradicted, head)) ?? bodies.faultAtEnd
  if (wrong) return wrong
  const { withheld } = bodies
  const missing = range.size === head.size ? withheld[0] : undefined
  if (missing) {
    return fault('body_missing', `The body of entry ${missing.seq} is missing, though its object is still current.`)
  }
  return { followed: { serverName, range, heads: headsToKeep(followed.heads, head, range.size) }, withheld }
}

/** What speaks against the tree that the entries make. Where nothing does, the head stands for these entries. */
function faultOfTree({ start, proof }: Page, head: LogHead, range: CompactRange): PageFault | undefined {
  if (leadsTo(head, range, proof)) return undefined
  const message =
    `The entries from ${start} to ${range.size} do not lead to the head that ${head.serverName} signed: ` +
    'the page was altered on its way, or the server rewrote its log (a fork).'
  return fault('bad_proof', message)
}

function nextEntry({ start, entries, headerBytes }: Page, index: number, serverName: string): LogEntry | PageFault {
  const seq = start + index
  const entry = entryOrFault(entries[index]!, seq, headerBytes(index))
  if ('reason' in entry) return entry
  if (entry.header.serverName !== serverName) {
    return fault('wrong_server', `Entry ${seq} is of another server's log; it should be of ${serverName}.`)
  }
  if (entry.header.seq !== seq) {
    return fault('wrong_sequence', `Entry ${entry.header.seq} stands where entry ${seq} should be.`)
  }
  return entry
}

function entryOrFault(json: JsonValue, seq: number, bytes: Uint8Array | undefined): LogEntry | PageFault {
  try {
    return readEntry(json, bytes)
  } catch (error) {
    return fault('bad_header', `Entry ${seq}: ${reasonOf(error)}`)
  }
}

function leadsTo(head: LogHead, range: CompactRange, proof: readonly Uint8Array[]): boolean {
  const claim = { oldSize: range.size, oldRoot: rootOf(range), newSize: head.size, newRoot: head.root }
  return verifyConsistency(claim, proof)
}

/** The head of as many entries as the tree has now, if that is another tree's. */
function headContradicted(heads: readonly LogHead[], tree: GrowingTree): LogHead | undefined {
  // Asked for each entry of a log: a function made for each would be compiled again and again.
  for (const head of heads) {
    if (head.size === tree.size && !sameBytes(rootOf(tree.range), head.root)) return head
  }
  return undefined
}

/** The first head that the entries have not reached, and the last one. */
function headsToKeep(heads: readonly LogHead[], last: LogHead, size: number): readonly LogHead[] {
  const ahead = heads.filter((seen) => seen.size > size && seen.size < last.size)
  return [...ahead.slice(0, 1), last]
}

function fork(contradicted: LogHead, head: LogHead): PageFault {
  const sizes = `one of ${contradicted.size} entries and one of ${head.size}`
  const message = `${head.serverName} signed two heads that contradict each other, ${sizes}: there are two logs (a fork).`
  return { reason: 'fork', message, contradicted }
}
