import type { FederationRequest } from '@manga-federation/core'
import type { ParameterizedContext } from 'koa'
import { readBody } from './body.ts'

/** A request of Koa as the federation reads it. */
export class ReceivedRequest implements FederationRequest {
  readonly method: string
  readonly target: string
  readonly headers: FederationRequest['headers']
  readonly #ctx: ParameterizedContext

  constructor(ctx: ParameterizedContext) {
    this.method = ctx.method
    this.target = ctx.originalUrl
    this.headers = ctx.req.headers
    this.#ctx = ctx
  }

  get clientAddress(): string {
    return this.#ctx.ip
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return readBody(this.#ctx, maxBytes)
  }
}
