/** A request that the site refuses, in words for whoever sent it. Fastify answers with its status. */
export class SiteError extends Error {
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}
