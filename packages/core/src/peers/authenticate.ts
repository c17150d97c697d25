import type { PublicKey } from '../crypto/index.ts'
import { type RequestSender, SIGNATURE_CHALLENGE, verifyRequest } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import type { Call } from '../http/index.ts'
import type { KeyQuestion } from '../keys/key-ring.ts'
import { allowanceOf, type WorkLimits } from '../limits/index.ts'
import type { ServerNameOptions } from '../names/index.ts'
import type { NonceStore } from '../store/index.ts'
import type { StrangerLimits } from './stranger-limits.ts'

/** Finds the present keys of servers: `KeyFinder.findCurrent`, told on whose behalf it may ask. */
export interface CurrentKeys {
  findCurrent(
    serverName: string,
    keyId: string,
    question: Pick<KeyQuestion, 'allow' | 'lasting'>,
  ): Promise<PublicKey | undefined>
}

/** What requests of other servers are authenticated with. */
export interface Authentication {
  /** This server's. */
  readonly serverName: string
  readonly finder: CurrentKeys
  readonly nonces: NonceStore
  readonly limits: WorkLimits
  readonly strangers: StrangerLimits
  /** Told whose request was authenticated. */
  readonly heardFrom: (sender: string) => void
  readonly names: ServerNameOptions
  readonly environment: Environment
}

/** What a route asks of a request. */
export interface Admission {
  /**
   * The path below `serverName` as this server spells it, which the signature must cover: a proxy that decodes the
   * server name in it breaks no signature. No route that is authenticated has a query.
   */
  readonly path: string
  /** The longest body that is read; a longer one is 413. */
  readonly maxBytes: number
  /**
   * Lets through whom the route is there for, before anything is done for the claimed sender: its keys are not asked
   * for, nothing is remembered of it. Whom it lets through is no stranger to the limits. Default: any server may ask,
   * within the limits of strangers.
   *
   * @throws FederationError that the request is answered with.
   */
  readonly admit?: (sender: string) => Promise<void>
}

/** A request whose sender is known. */
export interface AuthenticatedRequest {
  /** The canonical name of the server that signed it. */
  readonly sender: string
  /** The raw bytes. */
  readonly body: Uint8Array
}

/**
 * Finds out which server sent a request (PROTOCOL section 8).
 *
 * @throws FederationError with status 401 and `www-authenticate`; 413 for a long body; `rate_limited` when the sender's
 *   keys would have to be asked for and its address caused enough such work, or when a stranger asks too often.
 */
export async function authenticate(
  parts: Authentication,
  { request }: Call,
  { path, maxBytes, admit }: Admission,
): Promise<AuthenticatedRequest> {
  const body = await request.body(maxBytes)
  const received = { request, body, targetUri: parts.serverName + path }
  try {
    const sender = await verifyRequest(received, {
      allowInsecure: parts.names.allowInsecure,
      now: parts.environment.now(),
      async currentKey(claimed) {
        await admit?.(claimed.serverName)
        return currentKey(parts, claimed, request.clientAddress)
      },
      useNonce(nonce, expiresTs, { serverName }) {
        // Not before the signature is known to be good: nobody uses up what another server may ask.
        if (!admit) parts.strangers.take(serverName)
        return parts.nonces.use(nonce, expiresTs, parts.environment.now())
      },
    })
    parts.heardFrom(sender)
    return { sender, body }
  } catch (error) {
    throw error instanceof FederationError && error.status === 401 ? challenged(error) : error
  }
}

/** To ask a server for its keys because somebody claims to be it is work that a stranger causes. */
async function currentKey(
  { finder, limits }: Authentication,
  { serverName, keyId }: RequestSender,
  clientAddress: string,
): Promise<PublicKey | undefined> {
  const allowance = allowanceOf(limits, clientAddress)
  const allow: KeyQuestion['allow'] = () => allowance.take(serverName)
  const key = await finder.findCurrent(serverName, keyId, { allow, lasting: false })
  if (key === undefined) allowance.throwIfRefused()
  return key
}

function challenged(error: FederationError): FederationError {
  const headers = { ...error.headers, 'www-authenticate': SIGNATURE_CHALLENGE }
  return new FederationError(error.code, error.message, { cause: error, headers })
}
