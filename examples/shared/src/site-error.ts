/** A request that a site refuses, in words for whoever sent it. */
export class SiteError extends Error {
  override readonly name = 'SiteError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /** @param headers what the answer has besides a page's own headers, by lower-case name. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}
