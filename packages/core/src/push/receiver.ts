import { sha256 } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import type { Call, FederationResponse } from '../http/index.ts'
import { isJsonObject, type JsonObject, parseStrict } from '../json/index.ts'
import { authenticate, type Authentication, jsonAnswer } from '../peers/index.ts'
import type { FollowingStore, TransactionStore } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { MAX_TRANSACTION_BYTES } from './outgoing.ts'
import type { Subscriptions } from './subscriptions.ts'
import { sameBytes } from '../bytes.ts'

/** Another implementation may count the 4 MiB of PROTOCOL section 10 without names, head and proof. */
const MAX_BODY_BYTES = MAX_TRANSACTION_BYTES + 64 * 1024

/** How long it is remembered which transaction an id stands for. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000

/** What became of a page that an origin pushed. `size`: the entries of its log that are held now. */
export type Reception =
  | { readonly outcome: 'applied' | 'not_at_start' | 'busy'; readonly size: number }
  | { readonly outcome: 'refused'; readonly reason: string; readonly message: string; readonly size: number }
  | { readonly outcome: 'not_followed' }

/** What pushed transactions are received with. */
export interface Receiving extends Authentication {
  readonly store: { readonly following: FollowingStore; readonly transactions: TransactionStore }
  /** Verifies and stores a page, one at a time an origin. */
  readonly following: { receive(origin: string, page: JsonObject): Promise<Reception> }
  readonly push: { readonly subscriptions: Subscriptions }
  readonly telemetry: Telemetry
}

/**
 * Takes a transaction of a followed server (PROTOCOL section 10).
 *
 * @throws FederationError `not_followed`, `not_allowed`, `transaction_reused`, `page_refused`, `rate_limited`, and what
 *   `authenticate` throws.
 */
export async function receiveTransaction(parts: Receiving, call: Call): Promise<FederationResponse> {
  const id = call.segment ?? ''
  const { sender, body } = await authenticate(parts, call, {
    path: `/federation/send/${id}`,
    maxBytes: MAX_BODY_BYTES,
    admit: (claimed) => requireFollowed(parts.store.following, claimed),
  })
  await requireSameTransaction(parts, { sender, id, body })
  const page = readPage(body, sender)
  const reception = await parts.telemetry.span('manga_federation.receive', { 'manga_federation.origin': sender }, () =>
    parts.push.subscriptions.whilePushing(sender, () => parts.following.receive(sender, page)),
  )
  return answerTo(reception, page, sender)
}

async function requireFollowed(following: FollowingStore, origin: string): Promise<void> {
  if ((await following.get(origin)) === undefined) throw notFollowed(origin)
}

/** The same id with another body is refused (PROTOCOL section 10). */
async function requireSameTransaction(
  { store, environment }: Receiving,
  { sender, id, body }: { readonly sender: string; readonly id: string; readonly body: Uint8Array },
): Promise<void> {
  const now = environment.now()
  const digest = sha256(body)
  const remembered = await store.transactions.remember({ sender, id, digest, expiresTs: now + REMEMBERED_MS }, now)
  if (sameBytes(remembered, digest)) return
  throw new FederationError(
    'transaction_reused',
    `The id ${id} stood for another transaction within the last 24 hours; derive ids from the content.`,
  )
}

/** A server pushes its own log only (PROTOCOL section 10). */
function readPage(body: Uint8Array, sender: string): JsonObject {
  const page = parseStrict(body)
  if (!isJsonObject(page)) throw new FederationError('page_refused', 'A transaction is a JSON object.')
  if (page.origin === sender) return page
  throw new FederationError('not_allowed', `Only the log of ${sender} itself may be pushed by it, as its "origin".`)
}

function answerTo(reception: Reception, page: JsonObject, sender: string): FederationResponse {
  if (reception.outcome === 'not_followed') throw notFollowed(sender)
  const { size } = reception
  switch (reception.outcome) {
    case 'applied':
      return jsonAnswer(200, { size })
    case 'not_at_start':
      // Sent again since the answer was lost, or two at a time: nothing of it is new, and that is success.
      return jsonAnswer(holdsAll(page, size) ? 200 : 409, { size })
    case 'busy':
      throw new FederationError('rate_limited', 'Changes of yours are being stored; send this again in a second.', {
        headers: { 'retry-after': '1' },
      })
    default:
      // A newer head was seen here already. A sender whose own log is shorter learns of its loss from the size.
      if (reception.reason === 'rollback') return jsonAnswer(409, { size })
      throw new FederationError('page_refused', reception.message)
  }
}

/** Whether everything that a page has is held already. */
function holdsAll({ start, entries }: JsonObject, size: number): boolean {
  return typeof start === 'number' && Array.isArray(entries) && start + entries.length <= size
}

function notFollowed(origin: string): FederationError {
  return new FederationError(
    'not_followed',
    `This server does not follow ${origin}; end its subscription with DELETE /federation/followers.`,
  )
}
