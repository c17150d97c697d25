/** The part of a logger that the federation uses. Fastify's `app.log`, pino and bunyan have it as they are. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Warnings and errors on the console: for frameworks that bring no logger. */
export const consoleLogger: Logger = {
  ...silentLogger,
  warn: (details, message) => console.warn(message, details),
  error: (details, message) => console.error(message, details),
}
