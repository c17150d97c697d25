import type { Federation, FederationOptions } from '@manga-federation/core'

/** Where on a site the adapter is mounted. */
export type Place =
  /** For the whole site, as users do. */
  | 'root'
  /** Under {@link PREFIX}, and a second time under `/.well-known`: requests elsewhere do not reach it. */
  | 'prefix'
  /** In an application of its own that the site mounts under {@link PREFIX}; and under `/.well-known` of the site. */
  | 'sub-app'

/** What reads a request's body before the adapter sees the request. */
export type Parser =
  /** Nothing; the site's own routes still parse theirs. */
  | 'none'
  /** A parser for JSON that keeps the raw bytes in the way that the adapter's documentation names. */
  | 'keeps bytes'
  /** One that leaves only what it parsed. */
  | 'keeps nothing'

/** Where `prefix` and `sub-app` are. */
export const PREFIX = '/library'

/** What the suite asks a site to be. */
export interface MountOptions {
  /** For the adapter, as they are. */
  readonly federation: FederationOptions
  readonly place: Place
  readonly parser: Parser
}

/**
 * A site on a framework, with the adapter and with these things of its own:
 *
 * - a hook (or middleware) that sets `x-own-hook: seen` on every answer to a path under `/own`;
 * - `POST /own/echo`: parses JSON with the framework's parser, answers the same JSON;
 * - `POST /own/upload`: reads 2 MB of `application/octet-stream`, answers `{"bytes": 2097152}`;
 * - `GET /own/broken`: throws `new Error('own fault')`;
 * - an error handler that answers 418 and the text `site: own fault`;
 * - a handler for what is not found that answers 404 and the text `site: nothing here`.
 */
export interface AdapterSite {
  /** Where it listens: `http://127.0.0.1:40123`. */
  readonly url: string
  /** The federation that the adapter serves. */
  readonly federation: Federation
  /** Stops listening, waits for requests in flight, and closes the federation: as the documentation tells a site to. */
  close(): Promise<void>
}

/** Builds a site and lets it listen on a free port. */
export type Mount = (options: MountOptions) => Promise<AdapterSite>
