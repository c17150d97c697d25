import { FederationError, type FederationErrorCode } from '@manga-federation/core'

interface Meaning {
  readonly code: FederationErrorCode
  readonly says: string
}

const POOLER =
  'A pooler between this process and PostgreSQL mixes up prepared statements. Let it keep whole sessions ' +
  '(pool_mode = session), or use PgBouncer 1.21 or later with max_prepared_statements.'

/** What a failure means and what to do, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const BY_SQLSTATE: Readonly<Record<string, Meaning>> = {
  '28P01': unavailable('The password or the user name is wrong. Check both in the connection string.'),
  '28000': unavailable(
    'PostgreSQL does not let this user in from here. Check the user name, and its line in pg_hba.conf.',
  ),
  '3D000': unavailable('The database does not exist. Make it with CREATE DATABASE, or name another one.'),
  '42501': unavailable(
    'The user may not do this. An administrator lets it own the schema: CREATE SCHEMA … AUTHORIZATION …, or ' +
      'ALTER SCHEMA … OWNER TO …',
  ),
  '25006': unavailable(
    'It can only be read: this is a replica, or default_transaction_read_only is set. Name the primary.',
  ),
  '26000': unavailable(POOLER),
  '42P05': unavailable(POOLER),
  '53100': unavailable('The disk of the database is full. Nothing was lost; make room.'),
  '53200': unavailable('PostgreSQL is out of memory. Look into its log.'),
  '53300': unavailable('PostgreSQL has no connection left. Raise max_connections, or give the store a smaller pool.'),
  '57014': unavailable('A statement took too long and was ended. Raise statement_timeout for this user.'),
  '57P01': unavailable('PostgreSQL is shutting down.'),
  '57P02': unavailable('PostgreSQL crashed and is recovering. Look into its log.'),
  '57P03': unavailable('PostgreSQL is starting or shutting down.'),
  '3F000': damaged('The schema of the store was removed. Restore a backup: it held the signing key.'),
  '42P01': damaged('A table of the store was removed. Restore a backup.'),
  '42703': damaged('A column of the store was removed. Restore a backup.'),
  '42883': damaged('A function of the store was removed. Restore a backup.'),
  XX001: damaged('The database is damaged. Stop the site and restore a backup.'),
  XX002: damaged('An index is damaged. Rebuild it with REINDEX, and check the disk.'),
}

/** The same for what keeps a connection from being made or ends it, by the system's code. */
const BY_SYSTEM_CODE: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: unavailable('Nothing answers there. Check that PostgreSQL runs, and its host and port.'),
  ENOENT: unavailable('Nothing answers there. Check that PostgreSQL runs, and the folder of its socket.'),
  ENOTFOUND: unavailable('Its host is not known. Check the name in the connection string.'),
  EAI_AGAIN: unavailable('The name of its host cannot be looked up now. Check the network.'),
  EHOSTUNREACH: unavailable('Its host cannot be reached. Check the network and the firewall.'),
  ENETUNREACH: unavailable('Its host cannot be reached. Check the network and the firewall.'),
  ETIMEDOUT: unavailable('Its host does not answer. Check the host, the port and the firewall.'),
  ECONNRESET: unavailable('The connection broke. Look into the log of PostgreSQL.'),
  EPIPE: unavailable('The connection broke. Look into the log of PostgreSQL.'),
}

/** The same for what `pg` says without a code. */
const BY_MESSAGE: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [/client password must be/, unavailable('PostgreSQL wants a password, and the connection string has none.')],
  [
    /timeout exceeded when trying to connect|due to connection timeout/,
    unavailable('No connection was to be had in time. Check the host and the firewall, or enlarge the pool.'),
  ],
  [/Connection terminated|not queryable|Query read timeout/, unavailable('The connection broke.')],
  [/does not support SSL/, unavailable('PostgreSQL does not offer TLS. Turn it on there, or leave it out here.')],
  [
    /certificate/,
    unavailable('The certificate of PostgreSQL is not trusted. Name its authority in the connection string.'),
  ],
]

/** SQLSTATEs and system codes with which a connection ends or none is to be had; it is worth trying again. */
const LOST: ReadonlySet<unknown> = new Set([
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
])

const LOST_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|not queryable|Query read timeout/

/** Serialization failure and deadlock: PostgreSQL has rolled back and asks to be tried again. */
const ROLLED_BACK: ReadonlySet<unknown> = new Set(['40001', '40P01'])

/** Whether there is no connection, or not any more; what was asked on it may have been done or not. */
export function isConnectionLost(thrown: unknown): boolean {
  return LOST.has(codeOf(thrown)) || (codeOf(thrown) === undefined && LOST_MESSAGE.test(messageOf(thrown)))
}

/** Whether nothing was stored only because others were in the way. */
export function isRolledBack(thrown: unknown): boolean {
  return ROLLED_BACK.has(codeOf(thrown))
}

/** What `pg` threw, as an error that tells the operator what to mend. Errors of the federation are returned as they are. */
export function explained(thrown: unknown, store: string): unknown {
  if (thrown instanceof FederationError || !(thrown instanceof Error)) return thrown
  const { code, says } = meaningOf(thrown) ?? { code: 'internal', says: 'PostgreSQL refused.' }
  return new FederationError(code, `The store ${store}: ${says} (${messageOf(thrown)})`, { cause: thrown })
}

/** For what must not be asked twice, when its connection broke before the answer came. */
export function outcomeUnknown(thrown: unknown, store: string): FederationError {
  return new FederationError(
    'store_unavailable',
    `The store ${store}: The connection broke before the answer came, so it is not known whether this was stored. ` +
      `Try again. (${messageOf(thrown)})`,
    { cause: thrown },
  )
}

function meaningOf(thrown: Error): Meaning | undefined {
  const code = codeOf(thrown) ?? ''
  return (
    BY_SQLSTATE[code] ??
    BY_SYSTEM_CODE[code] ??
    BY_MESSAGE.find(([pattern]) => pattern.test(messageOf(thrown)))?.[1] ??
    // Class 08: connection exceptions.
    (code.startsWith('08') ? unavailable('The connection broke.') : undefined)
  )
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as { code?: string } | undefined)?.code
}

/** Where a name has two addresses, Node throws both failures in one error without a message. */
function messageOf(thrown: unknown): string {
  const { message, errors } = thrown as { message?: string; errors?: readonly Error[] }
  return message || errors?.map((error) => error.message).join('; ') || String(thrown)
}

function unavailable(says: string): Meaning {
  return { code: 'store_unavailable', says }
}

function damaged(says: string): Meaning {
  return { code: 'store_damaged', says }
}
