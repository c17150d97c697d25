/**
 * The neutral contract between core and an adapter. An adapter needs no judgment: it copies these fields from its
 * framework's request and writes those of the response.
 */

/** A request as core sees it. */
export interface FederationRequest {
  /** Upper case, as received: `GET`, `HEAD`, `POST`, … */
  readonly method: string
  /** Path and query exactly as they came over the wire, before any decoding: `/v1/keys?x=1`. */
  readonly target: string
  /** Lower-case names. A header that came several times is an array or is joined by `, `. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /**
   * Who asks, as the framework knows it by its own trust-proxy setting; core never reads it from a header. Few routes
   * need it, so adapters give it by a getter.
   */
  readonly clientAddress: string
  /**
   * The raw body, before any parser. Called once at most.
   *
   * @param maxBytes - a longer one is refused before it is read, or as soon as it shows.
   * @throws FederationError `body_too_large`, `body_encoding`, `body_incomplete`, `body_already_parsed`.
   */
  body(maxBytes: number): Promise<Uint8Array>
}

/** A response as an adapter writes it. */
export interface FederationResponse {
  readonly status: number
  /** Lower-case names. `content-length` is there whenever the length is known, also when `HEAD` left the body out. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Bytes are sent as they are. An iterable is pulled no faster than the client reads, and its `return()` is called
   * when the client goes away. `undefined` is an empty body.
   */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined
}

/** A JSON Schema, as documentation of a route. Core validates by itself. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What documentation says of a route, in the vocabulary of OpenAPI. */
export interface RouteDocumentation {
  readonly summary: string
  readonly description?: string
  /** Query parameters by name. */
  readonly query?: Readonly<Record<string, { description: string; schema: JsonSchema; required?: boolean }>>
  /** The JSON that a request brings. */
  readonly body?: JsonSchema
  /** Whose server name stands in the place of `*`, when the path has one. */
  readonly serverName?: string
  /** What stands in the place of `{id}`, when the path has one. */
  readonly segment?: string
  /** Responses by status. */
  readonly responses: Readonly<Record<number, { description: string; schema?: JsonSchema }>>
}

/** One matched request on its way to a handler. */
export interface Call {
  readonly request: FederationRequest
  /** Parsed anew each time that it is read. */
  readonly query: URLSearchParams
  /** The canonical server name in the place of `*`, on routes that take one. */
  readonly serverName: string | undefined
  /** What stands in the place of `{id}`, on routes that have one: 1 to 128 of `A-Z a-z 0-9 . _ ~ -`. */
  readonly segment: string | undefined
}

/**
 * One route of the federation.
 *
 * @typeParam Parts - the parts of the running federation that the handler uses.
 */
export interface Route<Parts> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `site`: below the root of the site's host. `api`: below the path of `serverName`. */
  readonly base: 'site' | 'api'
  /**
   * `/keys`; or with one open part. `*` stands for a percent-encoded server name, as in `/manga/series/origin/*`, and
   * more of the path may follow it. `{id}` stands for one plain segment, as in `/federation/send/{id}`.
   */
  readonly path: string
  readonly documentation: RouteDocumentation
  /** Answers, at once where nothing has to be waited for. */
  handle(parts: Parts, call: Call): FederationResponse | Promise<FederationResponse>
}
