import { concatBytes } from '../bytes.ts'
import { FederationError } from '../errors.ts'
import type { FederationRequest } from './contract.ts'

/**
 * Reads a request's body whole, for adapters.
 *
 * @param chunks - the raw body. Leaving the iteration early must not destroy the connection, or the refusal of a large
 *   body could not be written: on Node that is `request.iterator({ destroyOnReturn: false })`.
 * @param headers - the request's; a body that is announced as too long is refused unread.
 * @param maxBytes - the longest body that is read.
 * @throws FederationError `body_too_large`, `body_encoding`, `body_incomplete`.
 */
export async function readRequestBody(
  chunks: AsyncIterable<Uint8Array>,
  headers: FederationRequest['headers'],
  maxBytes: number,
): Promise<Uint8Array> {
  requireIdentity(headers['content-encoding'])
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const read: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of chunks) {
      length += chunk.byteLength
      if (length > maxBytes) throw tooLarge(maxBytes)
      read.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof FederationError) throw cause
    throw new FederationError('body_incomplete', 'The connection ended in the middle of the body.', { cause })
  }
  return concatBytes(read)
}

/** Signatures cover the bytes that were sent, and an uncompressed cap is a cap on memory. */
function requireIdentity(encoding: FederationRequest['headers'][string]): void {
  if (encoding === undefined || encoding === 'identity') return
  throw new FederationError('body_encoding', 'Send the body without Content-Encoding.')
}

function tooLarge(maxBytes: number): FederationError {
  return new FederationError('body_too_large', `The body is longer than ${maxBytes} bytes; send less at once.`)
}
