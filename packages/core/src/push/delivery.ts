import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { PeerAnswer, PeerClient } from '../peers/index.ts'
import type { Transaction } from './outgoing.ts'

/** What another server's words are cut to, in characters: enough for a sentence or two. */
const MAX_WORDS = 300

/** The pause where a follower asked for one and did not say how long. */
const DEFAULT_PAUSE_MS = 10_000

/** How a delivery ended. `words` are for this server's operator. */
export type Delivery =
  /** The follower holds so many entries now. */
  | { readonly outcome: 'acknowledged'; readonly size: number }
  /** It holds so many, and the transaction begins elsewhere. */
  | { readonly outcome: 'not_at_start'; readonly size: number }
  /** It takes smaller ones only. */
  | { readonly outcome: 'too_large' }
  /** It takes this one later. */
  | { readonly outcome: 'later'; readonly pauseMs: number; readonly words: string }
  /** It wants no more. */
  | { readonly outcome: 'gone' }
  /** It was not reached, or does not take it. */
  | { readonly outcome: 'unreachable' | 'refused'; readonly words: string }

/** Sends a transaction once and reads the answer (PROTOCOL section 10). Rejects for this server's own faults only. */
export async function deliver(
  peers: PeerClient,
  follower: string,
  { id, body, digest }: Transaction,
  environment: Environment,
): Promise<Delivery> {
  try {
    const answer = await peers.request('PUT', `${follower}/federation/send/${id}`, { bytes: body, sha256: digest })
    return deliveryOf(answer, environment.now())
  } catch (error) {
    if (error instanceof FederationError && error.status === 502)
      return { outcome: 'unreachable', words: error.message }
    throw error
  }
}

function deliveryOf(answer: PeerAnswer, nowTs: number): Delivery {
  const { status, headers, json } = answer
  const words = wordsOf(answer)
  if (status === 200 || status === 409) {
    const size = sizeOf(json)
    if (size !== undefined) return { outcome: status === 200 ? 'acknowledged' : 'not_at_start', size }
    return { outcome: 'refused', words: `It answered ${status} without saying how many entries it holds.` }
  }
  if (status === 413) return { outcome: 'too_large' }
  if (status === 429) return { outcome: 'later', pauseMs: pauseOf(headers['retry-after'], nowTs), words }
  if (status === 410) return { outcome: 'gone' }
  return { outcome: 'refused', words }
}

/** `{"size"}`: what a follower holds. */
function sizeOf(json: JsonValue | undefined): number | undefined {
  const size = isJsonObject(json) ? json.size : undefined
  return typeof size === 'number' && size >= 0 ? size : undefined
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function pauseOf(retryAfter: string | undefined, nowTs: number): number {
  const text = retryAfter ?? ''
  const pauseMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowTs
  return pauseMs >= 0 ? Math.max(pauseMs, 1000) : DEFAULT_PAUSE_MS
}

function wordsOf({ status, json }: PeerAnswer): string {
  const code = isJsonObject(json) && typeof json.error_code === 'string' ? `${json.error_code}: ` : ''
  const message = isJsonObject(json) && typeof json.message === 'string' ? json.message : ''
  const said = `${code}${message}`.slice(0, MAX_WORDS)
  return `It answered ${status}${said === '' ? '' : `, saying: ${said}`}${meaning(status)}`
}

/** What the operator can do about it. */
function meaning(status: number): string {
  if (status === 401) return ' (Is its clock right, and can it read the keys of this server?)'
  if (status === 403) return ' (It does not follow this server, as far as it knows.)'
  if (status === 404 || status === 405) return ' (It takes no pushes.)'
  return ''
}
