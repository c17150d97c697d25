import { concatBytes, sameBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { encodeCanonical, isJsonObject, parseStrict } from '../json/index.ts'
import type { OwnKeys } from '../keys/index.ts'
import type { Logger } from '../logger.ts'
import type { CatalogState, ObjectKind, Store, StoredEntry, StoredObject } from '../store/index.ts'
import { appendLeaves, type CompactRange, EMPTY_RANGE, rootOf } from './compact-range.ts'
import { type EntryHeader, type LogEntry, makeEntry } from './entry.ts'
import { type LogHead, readHead, signHead } from './head.ts'
import { readRange } from './make-proofs.ts'

/** How old a head becomes before it is signed anew (PROTOCOL section 9). */
const MAX_HEAD_AGE_MS = 6 * 60 * 60 * 1000

/** How often its age is looked at: a laptop that slept past its timers must not serve an expired head for hours. */
const CHECK_INTERVAL_MS = 15 * 60 * 1000

/** A signed object that has no place in the log yet. */
export interface SignedObject {
  readonly object: Omit<StoredObject, 'seq'>
  /** Of its bytes. */
  readonly sha256: Uint8Array
}

/** An object to take out of the catalog. */
export interface OwnDeletion {
  readonly kind: ObjectKind
  readonly id: string
  /** The revision that it has. */
  readonly revision: number
}

/** Changes of the own catalog that become visible together. */
export interface OwnChange {
  /** The size of the log that the changes were made against. */
  readonly expectedSize: number
  readonly puts: readonly SignedObject[]
  readonly deletes: readonly OwnDeletion[]
  /** POSIX milliseconds. */
  readonly changedTs: number
}

/** The log of this server's own catalog (PROTOCOL section 9). */
export interface OwnLog {
  /**
   * Stores changes, their entries and the head over them in one transaction.
   *
   * @returns the new state, or undefined when another process was faster and nothing was stored.
   * @throws FederationError `store_damaged` when what is stored of the log is not what was signed.
   */
  commit(change: OwnChange): Promise<CatalogState | undefined>
  /** Signs the head anew if it is old or the keys are others than those that signed it: to be called when they change. */
  renewHead(): Promise<void>
  /** Ends background work; resolves when the step that is under way is done. */
  stop(): Promise<void>
}

/** What the log works with. */
export interface OwnLogOptions {
  readonly serverName: string
  readonly store: Pick<Store, 'catalog' | 'log'>
  readonly keys: Pick<OwnKeys, 'active'>
  /** The epoch of a log that is begun now, from 1 on: later than that of any log of this server that was lost. */
  readonly firstEpoch: number
  /** Called when the head was signed anew. Default: nobody is told. */
  readonly renewed?: () => void
  readonly environment: Environment
  readonly logger: Logger
}

/** Where the log ends. */
interface Tip {
  readonly range: CompactRange
  readonly epoch: number
}

/** Opens the log of this server's own catalog, and begins it with a head over nothing where there is none. */
export async function openOwnLog(options: OwnLogOptions): Promise<OwnLog> {
  const { serverName, store, keys, environment, logger } = options
  /** The tip that this process stored last: while nobody else writes, nothing is read to append. */
  let known: Tip | undefined
  let checking: Promise<void> = Promise.resolve()
  let cancelCheck: (() => void) | undefined

  async function storedHead(): Promise<LogHead | undefined> {
    const bytes = await store.log.head(serverName)
    return bytes && readHead(parseStrict(bytes))
  }

  /** The head over a tree, signed now by all active keys. */
  function newHead(size: number, root: Uint8Array, epoch: number): Uint8Array {
    const facts = { serverName, epoch, size, root, issuedTs: environment.now() }
    return encodeCanonical(signHead(facts, keys.active()).json)
  }

  /** @returns undefined when the log has another size. */
  async function tipAt(size: number): Promise<Tip | undefined> {
    if (known?.range.size === size) return known
    const head = await storedHead()
    if (head?.size !== size) return undefined
    const range = await readRange(size, (positions) => store.log.nodes(serverName, positions))
    if (sameBytes(rootOf(range), head.root)) return { range, epoch: head.epoch }
    throw new FederationError('store_damaged', 'The log is not the one whose head was signed; restore a backup.')
  }

  async function commit(change: OwnChange): Promise<CatalogState | undefined> {
    const { expectedSize, puts, deletes, changedTs } = change
    const tip = await tipAt(expectedSize)
    if (!tip) return undefined
    const entries = entriesOf(serverName, change)
    const leaves = entries.map(({ leafHash }) => leafHash)
    const { range, completed } = appendLeaves(tip.range, leaves)
    const state = await store.catalog.commit(serverName, {
      expectedSize,
      puts: puts.map(({ object }, index) => ({ ...object, seq: expectedSize + index })),
      deletes,
      changedTs,
      log: {
        entries: entries.map((entry, index) => storedEntry(entry, completed[index]!)),
        head: newHead(range.size, rootOf(range), tip.epoch),
        withheld: [],
      },
    })
    if (state) known = { range, epoch: tip.epoch }
    return state
  }

  async function begin(): Promise<void> {
    const head = newHead(0, rootOf(EMPTY_RANGE), options.firstEpoch)
    const log = { entries: [], head, withheld: [] }
    await store.catalog.commit(serverName, {
      expectedSize: 0,
      puts: [],
      deletes: [],
      changedTs: environment.now(),
      log,
    })
  }

  async function renewHead(): Promise<void> {
    const head = await storedHead()
    if (!head || !isDue(head)) return
    // When the log grew meanwhile, the head that came with it is newer than this one.
    if (await store.log.replaceHead(serverName, head.size, newHead(head.size, head.root, head.epoch)))
      options.renewed?.()
  }

  function isDue({ issuedTs, json: { signatures } }: LogHead): boolean {
    const ageMs = environment.now() - issuedTs
    // Signed in the future: the clock was wrong then, and followers refuse it.
    if (ageMs < 0 || ageMs >= MAX_HEAD_AGE_MS) return true
    const signed = isJsonObject(signatures) ? signatures[serverName] : undefined
    const active = keys.active()
    const count = isJsonObject(signed) ? Object.keys(signed).length : 0
    return count !== active.length || !active.every(({ keyId }) => isJsonObject(signed) && Object.hasOwn(signed, keyId))
  }

  function checkLater(): void {
    cancelCheck = environment.after(CHECK_INTERVAL_MS, () => {
      checking = renewHead()
        .catch((error: unknown) => {
          logger.error({ reason: reasonOf(error) }, 'the head of the log could not be signed anew; it is tried again')
        })
        .then(checkLater)
    })
  }

  if (await storedHead()) await renewHead()
  else await begin()
  checkLater()

  return {
    commit,
    renewHead,
    async stop() {
      cancelCheck?.()
      await checking
      cancelCheck?.()
    },
  }
}

/** The entries of a change: what is put comes first, in its order. */
function entriesOf(serverName: string, { expectedSize, puts, deletes, changedTs }: OwnChange): LogEntry[] {
  const common = { serverName, ts: changedTs }
  const facts: Omit<EntryHeader, 'seq' | keyof typeof common>[] = [
    ...puts.map(({ object: { kind, id, revision, bytes }, sha256 }) => {
      return { op: 'put' as const, kind, id, revision, body: { sha256, size: bytes.length } }
    }),
    ...deletes.map(({ kind, id, revision }) => ({ op: 'delete' as const, kind, id, revision, body: undefined })),
  ]
  return facts.map((fact, index) => makeEntry({ ...common, ...fact, seq: expectedSize + index }))
}

function storedEntry({ header: { kind, id }, bytes }: LogEntry, completed: readonly Uint8Array[]): StoredEntry {
  return { kind, id, bytes, nodes: concatBytes(completed) }
}
