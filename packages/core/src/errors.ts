/**
 * Every way in which the federation refuses something, with the HTTP status that it has on the wire.
 * `docs/errors.md` says for each what happened and what to do; a test holds the two lists together.
 */
const STATUS_OF = {
  // Received documents and names
  invalid_json: 400,
  invalid_server_name: 400,
  invalid_key_id: 400,
  invalid_key: 400,
  invalid_base64: 400,
  invalid_signature: 400,
  invalid_key_document: 400,
  invalid_identity: 400,
  invalid_log_entry: 400,
  invalid_log_head: 400,

  // Requests
  invalid_cursor: 400,
  invalid_limit: 400,
  invalid_parameter: 400,
  missing_series_id: 400,
  not_mirrored: 404,
  future_cursor: 416,
  method_not_allowed: 405,
  body_too_large: 413,
  body_encoding: 415,
  body_incomplete: 400,
  body_already_parsed: 501,
  rate_limited: 429,

  // Requests between servers
  missing_request_signature: 401,
  invalid_request_signature: 401,
  stale_request: 401,
  replayed_request: 401,
  not_allowed: 403,
  not_followed: 403,
  too_many_followers: 403,
  registration_closed: 403,
  registration_refused: 403,
  too_many_load_balancers: 403,
  not_registered: 404,
  transaction_reused: 400,
  page_refused: 422,

  // Other servers
  key_conflict: 409,
  address_not_allowed: 502,
  unreachable: 502,
  too_slow: 502,
  response_too_large: 502,
  bad_response: 502,

  // The site's own catalog
  invalid_record: 422,
  repository_failed: 500,

  // Starting and storing
  invalid_option: 500,
  identity_mismatch: 500,
  store_unavailable: 500,
  store_damaged: 500,
  store_conflict: 500,
  closed: 500,
  internal: 500,
} as const

/** The closed set of error codes. Callers switch on these, never on messages. */
export type FederationErrorCode = keyof typeof STATUS_OF

/** All error codes, for documentation and tests. */
export const FEDERATION_ERROR_CODES: readonly FederationErrorCode[] = Object.keys(STATUS_OF) as FederationErrorCode[]

/**
 * The one error class of the federation.
 *
 * `message` is written for the person who can mend the cause. It goes over the wire, but with a status of 500 or 502
 * an outsider sees only that something failed, and the message stays in the site's log.
 */
export class FederationError extends Error {
  readonly code: FederationErrorCode
  readonly status: number

  /** What HTTP asks an answer with this error to have besides its body: `retry-after`, `www-authenticate`, `allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: FederationErrorCode,
    message: string,
    { headers = {}, ...options }: { cause?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options)
    this.name = 'FederationError'
    this.code = code
    this.status = STATUS_OF[code]
    this.headers = headers
  }

  /** The error as it goes over the wire: `{"error_code", "message"}` (PROTOCOL section 8). */
  toWire(): { error_code: string; message: string } {
    return this.status !== 500 && this.status !== 502
      ? { error_code: this.code, message: this.message }
      : { error_code: 'internal', message: 'This server could not answer. Its operator finds the reason in its log.' }
  }
}

/** The text of whatever was thrown, for messages and logs. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
