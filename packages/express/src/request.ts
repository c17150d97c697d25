import type { IncomingMessage } from 'node:http'
import type { FederationRequest } from '@manga-federation/core'
import { readBody } from './body.ts'

/** The part of Express's request that is used here; Express 4 and 5 have the same. */
export interface ExpressRequest extends IncomingMessage {
  /** The raw target, also in a sub-application. */
  readonly originalUrl: string
  /** The prefix under which the middleware is mounted. */
  readonly baseUrl: string
  /** Who asks, by the site's `trust proxy` setting. */
  readonly ip?: string | undefined
  /** What a parser made of the body. */
  readonly body?: unknown
}

/** A request of Express as the federation reads it. */
export class ReceivedRequest implements FederationRequest {
  readonly method: string
  readonly target: string
  readonly headers: FederationRequest['headers']
  readonly #request: ExpressRequest

  constructor(request: ExpressRequest) {
    this.method = request.method ?? 'GET'
    this.target = request.originalUrl
    this.headers = request.headers
    this.#request = request
  }

  get clientAddress(): string {
    return this.#request.ip ?? ''
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return readBody(this.#request, maxBytes)
  }
}
