import type { IncomingMessage } from 'node:http'

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
