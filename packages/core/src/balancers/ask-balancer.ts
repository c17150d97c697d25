import type { HttpClient } from '../egress/index.ts'
import { FederationError } from '../errors.ts'
import { type JsonValue, parseStrict } from '../json/index.ts'
import type { BalancerFault, BalancerFaultCode } from './balancer-state.ts'

/** As long as a page of the log may take (PROTOCOL section 11). */
const TIMEOUT_MS = 60_000

/** Ends a look at a load balancer with what is wrong with it. */
export class Shortcoming extends Error {
  readonly fault: BalancerFault

  constructor(code: BalancerFaultCode, message: string) {
    super(message)
    this.fault = { code, message }
  }
}

/** A question to a load balancer, as any reader asks it. */
export interface Question {
  readonly url: string
  /** What is asked for, in words that end "when asked for …". */
  readonly what: string
  readonly maxBytes: number
}

/**
 * Asks a load balancer for JSON.
 *
 * @throws Shortcoming `E101`, `E104` or `E105`; FederationError `closed`.
 */
export async function askBalancer(client: HttpClient, question: Question): Promise<JsonValue> {
  const { status, body } = await request(client, question)
  const { what } = question
  if (status === 404 || status === 410) {
    throw new Shortcoming('E105', `It answered ${status} when asked for ${what}: it does not mirror this server.`)
  }
  if (status !== 200) throw new Shortcoming('E101', `It answered ${status} when asked for ${what}.`)
  try {
    return parseStrict(body)
  } catch {
    throw new Shortcoming('E104', `What it answered when asked for ${what} is not JSON.`)
  }
}

async function request(client: HttpClient, { url, what, maxBytes }: Question): ReturnType<HttpClient['request']> {
  try {
    const headers = { accept: 'application/json' }
    return await client.request('GET', url, { headers, maxBytes, timeoutMs: TIMEOUT_MS })
  } catch (error) {
    // How the connection failed tells of this server's network.
    if (!(error instanceof FederationError) || error.status !== 502) throw error
    throw new Shortcoming('E101', `It could not be asked for ${what} (${error.code}).`)
  }
}
