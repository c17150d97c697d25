import { FederationError } from '../errors.ts'
import type { TakeMemory } from '../spare-memory.ts'
import type { HttpStreamOptions } from './http-client.ts'
import type { TransferWatch } from './transfer-watch.ts'

/** What a body of unknown length gets at first; it doubles as bytes arrive. */
const INITIAL_BYTES = 16 * 1024

/** What a body may get for a length that is only claimed: memory that nothing was written to costs next to nothing. */
const MAX_CLAIMED_BYTES = 1024 * 1024

/**
 * Refuses a body by the length that its headers claim, before any of it is read.
 *
 * @param contentLength - the header, when there is one.
 * @throws FederationError `response_too_large`.
 */
export function refuseClaimedLength(contentLength: string | undefined, maxBytes: number): void {
  if (contentLength !== undefined && Number(contentLength) > maxBytes) throw tooLarge(maxBytes)
}

/**
 * Reads a body into one array. Each chunk is copied at once: a hostile server can cut its body into millions of chunks
 * of one byte, which would weigh a hundred times as much if they were kept.
 *
 * @param contentLength - the header, when there is one: a body that keeps to it is copied once and leaves no garbage.
 * @param watch - told of every chunk's length.
 * @param memoryFor - see `HttpRequestOptions`.
 * @throws FederationError `response_too_large` with the first byte over `maxBytes`.
 */
export async function readBody(
  chunks: AsyncIterable<Uint8Array>,
  contentLength: string | undefined,
  maxBytes: number,
  watch: Pick<TransferWatch, 'received'>,
  memoryFor?: TakeMemory,
): Promise<Uint8Array> {
  const claimed = Math.max(0, Number(contentLength ?? INITIAL_BYTES) || 0)
  const room = Math.min(claimed, MAX_CLAIMED_BYTES, maxBytes)
  const given = memoryFor?.(room)
  let buffer = given ?? new Uint8Array(room)
  let length = 0
  for await (const chunk of chunks) {
    watch.received(chunk.byteLength)
    const needed = length + chunk.byteLength
    if (needed > maxBytes) throw tooLarge(maxBytes)
    if (needed > buffer.byteLength) buffer = grown(buffer, Math.min(Math.max(needed, 2 * buffer.byteLength), maxBytes))
    buffer.set(chunk, length)
    length = needed
  }
  if (length === buffer.byteLength) return buffer
  return buffer === given ? buffer.subarray(0, length) : buffer.slice(0, length)
}

/**
 * Hands over a body that goes on, chunk by chunk.
 *
 * @throws FederationError `response_too_large` with the first byte over `maxBytes`.
 */
export async function handOver(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, onChunk }: Pick<HttpStreamOptions, 'maxBytes' | 'onChunk'>,
  watch: Pick<TransferWatch, 'received'>,
): Promise<void> {
  let length = 0
  for await (const chunk of chunks) {
    watch.received(chunk.byteLength)
    length += chunk.byteLength
    if (length > maxBytes) throw tooLarge(maxBytes)
    onChunk(chunk)
  }
}

/** The refusal of a body over its cap. */
export function tooLarge(maxBytes: number): FederationError {
  return new FederationError('response_too_large', `The answer is longer than the ${maxBytes} bytes that are read.`)
}

function grown(buffer: Uint8Array, byteLength: number): Uint8Array {
  const larger = new Uint8Array(byteLength)
  larger.set(buffer)
  return larger
}
