/** The part of a logger that the federation uses. Fastify's `app.log`, pino and bunyan have it as they are. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Says nothing: the default where a framework brings no logger. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
