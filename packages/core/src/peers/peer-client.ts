import { signRequest } from '../egress/index.ts'
import type { HttpClient, HttpMethod } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { type JsonValue, parseStrict } from '../json/index.ts'
import type { OwnKeys } from '../keys/index.ts'

/** The longest answer that is read: a size, or an error with its words, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1024

const JSON_TYPE = 'application/json'

/** JSON that a signed request brings. */
export interface PeerBody {
  readonly bytes: Uint8Array
  /** SHA-256 of the bytes, where it is known already: hashing 4 MiB costs as much as a hundred signatures. */
  readonly sha256?: Uint8Array | undefined
}

/** Another server's answer. */
export interface PeerAnswer {
  /** Any final status; a redirect is not followed. */
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Read strictly; undefined when the body is empty or no such JSON, which only a status may excuse. */
  readonly json: JsonValue | undefined
}

/** Makes signed requests to other servers (PROTOCOL section 8). To try again is the caller's affair. */
export interface PeerClient {
  /**
   * Signs a request with this server's newest key and sends it once.
   *
   * @param url - absolute, below the receiver's server name, spelled as `URL` spells it.
   * @throws FederationError as `HttpClient.request` does: an answer, whatever its status, is none of these.
   */
  request(method: Exclude<HttpMethod, 'HEAD'>, url: string, body?: PeerBody): Promise<PeerAnswer>
}

/** What a peer client works with. */
export interface PeerClientOptions {
  readonly client: HttpClient
  readonly keys: OwnKeys
  readonly environment: Environment
}

/** Builds the client of requests that are signed. */
export function createPeerClient({ client, keys, environment }: PeerClientOptions): PeerClient {
  return {
    async request(method, url, body) {
      const [key] = keys.active()
      if (key === undefined) throw new FederationError('internal', 'This server has no key to sign a request with.')
      const headers = signRequest({
        method,
        targetUri: url,
        body: body && { ...body, contentType: JSON_TYPE },
        senderName: keys.serverName,
        keyId: key.keyId,
        key: key.signingKey,
        now: environment.now(),
      })
      const answer = await client.request(method, url, {
        headers: { ...headers, accept: JSON_TYPE },
        body: body?.bytes,
        maxBytes: MAX_ANSWER_BYTES,
      })
      return { status: answer.status, headers: answer.headers, json: jsonOf(answer.body) }
    },
  }
}

/** A proxy's error page is not JSON, and its status says enough. */
function jsonOf(body: Uint8Array): JsonValue | undefined {
  try {
    return parseStrict(body)
  } catch (error) {
    if (error instanceof FederationError) return undefined
    throw error
  }
}
