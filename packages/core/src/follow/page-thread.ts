import type { PublicKey } from '../crypto/index.ts'
import type { KeyEvidence, KeyFinder } from '../keys/index.ts'
import type { FollowedLog } from '../log/index.ts'
import type { ServerNameOptions } from '../names/index.ts'
import type { PageSummary } from './examine-page.ts'
import type { PackedEntries } from './packed-entries.ts'

/** A page that can be lent to a thread. */
export interface LendablePage {
  /** The page as it came, at most 8 MiB, in memory of its own. Undefined while a thread has it, and when the thread ended with it. */
  bytes: Uint8Array | undefined
}

/** What a page is compared with. All of it can be copied to a thread. */
export interface PageTask {
  readonly held: FollowedLog
  readonly isRelayed: boolean
  readonly names: ServerNameOptions
  /** Keys of release groups that the operator knows, by the group's name. */
  readonly groupKeys: ReadonlyMap<string, Uint8Array>
  /** The present, POSIX milliseconds. */
  readonly nowTs: number
}

/** What a thread found of a page that is true as far as its signatures are. */
export interface ThreadFinding {
  readonly summary: PageSummary
  readonly entries: PackedEntries
  /** Whether nothing speaks against the signatures; also false when the thread ended before it knew. */
  readonly areGood: Promise<boolean>
}

/**
 * Examines a page on a thread of its own.
 *
 * @param page - is given back before there is an answer.
 * @param find - is asked for the keys that the thread needs.
 * @returns undefined when the page was not seen to be true, or there is no thread: then it is examined where it is.
 */
export type ExamineOnThread = (
  page: LendablePage,
  task: PageTask,
  find: KeyFinder['find'],
) => Promise<ThreadFinding | undefined>

/** Which key is meant, and for something made when: POSIX milliseconds. */
export interface KeyName {
  readonly serverName: string
  readonly keyId: string
  readonly madeTs: number
}

/** A key that a thread is told of before it asks: it need not hold a page it has read until somebody answers. */
export interface KnownKey extends KeyName {
  readonly told: ToldKey
}

/** A key that a thread asks for. */
export interface KeyQuestion extends KeyName {
  readonly number: number
}

/** What it is told: a key as its bytes. */
export type ToldKey =
  | { readonly key: PublicKey['bytes']; readonly evidence: KeyEvidence }
  | Exclude<Awaited<ReturnType<KeyFinder['find']>>, { key: PublicKey }>

/** What a thread says of a page, in this order. Where it ends before, the page is not seen to be true. */
export type ThreadMessage = {
  /** The task's number. */
  readonly task: number
} & (
  | { readonly question: KeyQuestion }
  /** `lent`: the page, if it was. */
  | { readonly finding: Omit<ThreadFinding, 'areGood'> | undefined; readonly lent: Uint8Array | undefined }
  | { readonly areGood: boolean }
)

/** What it is answered. */
export interface KeyMessage {
  /** The question's number. */
  readonly number: number
  /** Undefined when it cannot be found out now. */
  readonly told: ToldKey | undefined
}
