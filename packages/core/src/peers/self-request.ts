import { FederationError } from '../errors.ts'
import type { Call } from '../http/index.ts'
import { isJsonObject, parseStrict } from '../json/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import { type Admission, authenticate, type Authentication } from './authenticate.ts'

/** A body of one server name, in bytes. */
const MAX_NAME_BODY_BYTES = 4 * 1024

/** Who is let through before anything is done for it, as {@link Admission.admit}. */
type Admit = NonNullable<Admission['admit']>

/**
 * Authenticates a request with the body `{"server_name"}` by which a server enters itself somewhere.
 *
 * @param path - below the name of this server.
 * @returns the server's name.
 * @throws FederationError as {@link authenticate} does; `invalid_parameter` for another body; `not_allowed` when one
 *   server signed and another is named, or this server itself.
 */
export async function senderEnteringItself(
  parts: Authentication,
  call: Call,
  path: string,
  admit?: Admit,
): Promise<string> {
  const admission = { path, maxBytes: MAX_NAME_BODY_BYTES, ...(admit ? { admit } : {}) }
  const { sender, body } = await authenticate(parts, call, admission)
  const json = parseStrict(body)
  const named = isJsonObject(json) ? json.server_name : undefined
  if (typeof named !== 'string') {
    throw new FederationError('invalid_parameter', 'Send {"server_name": "…"}, the name of the server that signs this.')
  }
  requireSender(named, sender)
  if (sender === parts.serverName) throw new FederationError('not_allowed', 'This is the server itself.')
  return sender
}

/**
 * Authenticates a request on `{path}/{server name}` by which a server takes itself out of something.
 *
 * @returns the server's name.
 * @throws FederationError as {@link authenticate} does; `not_allowed` when one server signed and another is named.
 */
export async function senderLeaving(parts: Authentication, call: Call, path: string): Promise<string> {
  const { serverName = '' } = call
  const signedPath = `${path}/${encodeServerNameSegment(serverName)}`
  const { sender } = await authenticate(parts, call, { path: signedPath, maxBytes: 0 })
  requireSender(serverName, sender)
  return sender
}

function requireSender(named: string, sender: string): void {
  if (named === sender) return
  throw new FederationError('not_allowed', `${sender} signed this; only the server that is named may ask for it.`)
}
