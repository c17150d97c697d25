import { isIP, type LookupFunction, connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { buildConnector } from 'undici'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { isPermittedAddress } from './address-policy.ts'
import type { EgressPolicy } from './http-client.ts'
import { whenAborted } from './transfer-watch.ts'

/** From the start of the look-up to the end of the TLS handshake (PROTOCOL section 11). */
const CONNECT_TIMEOUT_MS = 5_000

/** Finds all IP addresses of a name. */
export type Resolver = (hostname: string) => Promise<readonly string[]>

/** What a connection is made with. */
export interface ConnectorOptions {
  readonly policy: EgressPolicy
  readonly resolve: Resolver
  readonly environment: Environment
  /** PEM; undefined for the authorities that come with Node. */
  readonly authorities: string | undefined
}

/**
 * Makes connections for undici: resolves once, refuses unless every address passes, and dials only what it checked.
 * A name that means something else a moment later changes nothing, since nobody asks again.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  return (target, callback) => void connect(target, callback, options)
}

async function connect(
  target: buildConnector.Options,
  callback: buildConnector.Callback,
  options: ConnectorOptions,
): Promise<void> {
  let socket: Socket
  try {
    socket = await open(target, options)
  } catch (thrown) {
    return callback(thrown instanceof Error ? thrown : new Error(reasonOf(thrown)), null)
  }
  callback(null, socket)
}

async function open(target: buildConnector.Options, options: ConnectorOptions): Promise<Socket> {
  const timer = new AbortController()
  const cancel = options.environment.after(CONNECT_TIMEOUT_MS, () => {
    timer.abort(new FederationError('unreachable', `No connection came about within ${CONNECT_TIMEOUT_MS} ms.`))
  })
  try {
    const timeUp = whenAborted(timer.signal)
    const addresses = await Promise.race([permittedAddresses(target.hostname, options), timeUp])
    const socket = dial(target, addresses, options.authorities)
    return await Promise.race([connected(socket, target.protocol), timeUp]).catch((thrown: unknown) => {
      socket.destroy()
      throw thrown
    })
  } finally {
    cancel()
  }
}

async function permittedAddresses(hostname: string, { policy, resolve }: ConnectorOptions): Promise<readonly string[]> {
  const addresses = isIP(hostname) === 0 ? await resolve(hostname) : [hostname]
  if (addresses.length === 0) throw new FederationError('unreachable', `${hostname} has no address.`)
  const refused = addresses.find((address) => !isPermittedAddress(address, policy))
  if (refused !== undefined) {
    throw new FederationError(
      'address_not_allowed',
      `${hostname} has the address ${refused}, which is not a public one.`,
    )
  }
  return addresses
}

function dial(target: buildConnector.Options, addresses: readonly string[], authorities: string | undefined): Socket {
  const isSecure = target.protocol === 'https:'
  const connection = {
    host: target.hostname,
    port: target.port === '' ? (isSecure ? 443 : 80) : Number(target.port),
    lookup: answering(addresses),
    autoSelectFamily: true,
    noDelay: true,
  }
  if (!isSecure) return connectTcp(connection)
  return connectTls({
    ...connection,
    // An address is no server name (RFC 6066 section 3); the certificate is then checked against `host`.
    servername: isIP(target.hostname) === 0 ? target.hostname : '',
    ALPNProtocols: ['http/1.1'],
    // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
    rejectUnauthorized: true,
    ...(authorities === undefined ? {} : { ca: authorities }),
  })
}

/** A look-up that knows its answer already. Node calls it for names only, never for literal addresses. */
function answering(addresses: readonly string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, _options, callback) => callback(null, answers)
}

/** Resolves once the socket can be written to. Its error listener stays, so that none is ever unheard. */
function connected(socket: Socket, protocol: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => resolve(socket))
  })
}
