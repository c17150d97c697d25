import type { FederationRequest } from '@manga-federation/core'
import type { FastifyRequest } from 'fastify'
import { readBody } from './body.ts'

/** A request of Fastify as the federation reads it. */
export class ReceivedRequest implements FederationRequest {
  readonly method: string
  readonly target: string
  readonly headers: FederationRequest['headers']
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest) {
    this.method = request.method
    this.target = request.raw.url ?? request.url
    this.headers = request.headers
    this.#request = request
  }

  get clientAddress(): string {
    return this.#request.ip
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return readBody(this.#request.raw, maxBytes)
  }
}
