import { FederationError } from '@manga-federation/core'
import { KEEP_THE_FILE } from './sqlite-errors.ts'
import type { SqlConnection } from './driver.ts'

/** Marks the file as a store of Manga federation: "MFed" in ASCII. Bytes 68 to 71 of the file. */
const APPLICATION_ID = 0x4d466564

/**
 * Each entry brings the schema to the next version; `user_version` counts those that a file has had. Entries that
 * were released never change.
 *
 * Objects and their bodies are apart: filters and counts walk through `objects`, whose rows are small and lie in the
 * order of listings, and touch no byte of `entries`, which lie in the order of the log. There each body is in the row
 * of its entry: an object is stored with two writes, and a page of the log is read from one place. Text is compared
 * byte by byte, which in UTF-8 is the order of Unicode code points.
 */
const MIGRATIONS: readonly string[] = [
  `
  PRAGMA application_id = ${APPLICATION_ID};

  CREATE TABLE identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    server_name TEXT NOT NULL
  ) STRICT;

  CREATE TABLE own_keys (
    position INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL UNIQUE,
    seed BLOB NOT NULL CHECK (length(seed) = 32),
    created_ts INTEGER NOT NULL,
    expired_ts INTEGER
  ) STRICT;

  CREATE TABLE catalogs (
    catalog INTEGER PRIMARY KEY,
    -- NULL in a catalog that was forgotten, until its rows are cleared.
    origin TEXT UNIQUE,
    size INTEGER NOT NULL,
    changed_ts INTEGER NOT NULL,
    head BLOB
  ) STRICT;

  -- header and nodes are NULL in catalogs without a log, where a row is only the place of a body.
  CREATE TABLE entries (
    entry INTEGER PRIMARY KEY,
    header BLOB,
    nodes BLOB,
    body BLOB,
    CHECK (header IS NOT NULL OR body IS NOT NULL)
  ) STRICT;

  -- Objects whose body the origin left out.
  CREATE TABLE withheld (
    catalog INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (catalog, kind, id)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX withheld_by_seq ON withheld (catalog, seq);

  CREATE TABLE objects (
    catalog INTEGER NOT NULL,
    kind INTEGER NOT NULL CHECK (kind IN (0, 1)),
    id TEXT NOT NULL,
    entry INTEGER NOT NULL,
    series_id TEXT,
    revision INTEGER NOT NULL,
    updated_ts INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    locales TEXT NOT NULL,
    search_text TEXT NOT NULL,
    mirror_of TEXT,
    PRIMARY KEY (catalog, kind, id)
  ) STRICT, WITHOUT ROWID;

  -- A body goes with the version that it belongs to. An entry of a log stays without it.
  CREATE TRIGGER body_of_replaced AFTER UPDATE OF entry ON objects BEGIN
    DELETE FROM entries WHERE entry = OLD.entry AND header IS NULL;
    UPDATE entries SET body = NULL WHERE entry = OLD.entry;
  END;

  CREATE TRIGGER body_of_deleted AFTER DELETE ON objects BEGIN
    DELETE FROM entries WHERE entry = OLD.entry AND header IS NULL;
    UPDATE entries SET body = NULL WHERE entry = OLD.entry;
  END;

  CREATE INDEX chapters_by_series ON objects (catalog, kind, series_id, id) WHERE series_id IS NOT NULL;

  -- The last revision of each id that was deleted; it stays when the id comes back.
  CREATE TABLE deletions (
    catalog INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (catalog, kind, id)
  ) STRICT, WITHOUT ROWID;

  -- Other servers whose keys are remembered.
  CREATE TABLE remote_servers (
    server INTEGER PRIMARY KEY,
    server_name TEXT NOT NULL UNIQUE,
    lasting INTEGER NOT NULL CHECK (lasting IN (0, 1)),
    used_ts INTEGER NOT NULL
  ) STRICT;

  CREATE INDEX passing_servers_by_use ON remote_servers (used_ts) WHERE lasting = 0;

  CREATE TABLE key_documents (
    server INTEGER PRIMARY KEY REFERENCES remote_servers ON DELETE CASCADE,
    bytes BLOB NOT NULL,
    valid_until_ts INTEGER NOT NULL,
    fetched_ts INTEGER NOT NULL
  ) STRICT;

  -- told_by: a JSON array of server names, which is only ever read as a whole.
  CREATE TABLE key_bindings (
    server INTEGER NOT NULL REFERENCES remote_servers ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    source TEXT NOT NULL CHECK (source IN ('origin', 'witness')),
    told_by TEXT NOT NULL,
    first_seen_ts INTEGER NOT NULL,
    valid_until_ts INTEGER NOT NULL,
    expired_ts INTEGER,
    PRIMARY KEY (server, key_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE nonces (
    nonce TEXT PRIMARY KEY,
    expires_ts INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX nonces_by_expiry ON nonces (expires_ts);

  CREATE TABLE following (
    server_name TEXT PRIMARY KEY,
    record BLOB NOT NULL
  ) STRICT;

  CREATE TABLE followers (
    server_name TEXT PRIMARY KEY,
    subscribed_ts INTEGER NOT NULL,
    acknowledged_size INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    failing_since_ts INTEGER,
    next_try_ts INTEGER NOT NULL,
    last_error TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE balancers (
    server_name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    registered_ts INTEGER NOT NULL,
    error_code TEXT,
    error_message TEXT,
    failures INTEGER NOT NULL,
    checked_ts INTEGER,
    succeeded_ts INTEGER,
    next_poll_ts INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE transactions (
    sender TEXT NOT NULL,
    id TEXT NOT NULL,
    digest BLOB NOT NULL,
    expires_ts INTEGER NOT NULL,
    PRIMARY KEY (sender, id)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX transactions_by_expiry ON transactions (expires_ts);
  `,
]

/** Brings the schema to the newest version, all at once or not at all. */
export function migrate(connection: SqlConnection): void {
  if (pragma(connection, 'user_version') === MIGRATIONS.length) return
  connection.exec('BEGIN IMMEDIATE')
  // Another process may have migrated until now: the version counts that is read inside of the transaction.
  for (const migration of MIGRATIONS.slice(pragma(connection, 'user_version'))) connection.exec(migration)
  connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`)
}

/**
 * Makes sure that an existing file is a store that this version can use.
 *
 * @throws FederationError `store_damaged` or `store_unavailable`.
 */
export function checkFile(connection: SqlConnection, path: string): void {
  if (pragma(connection, 'application_id') !== APPLICATION_ID) throw notAStore(connection, path)
  if (pragma(connection, 'user_version') > MIGRATIONS.length) {
    throw new FederationError(
      'store_unavailable',
      `The store ${path} was written by a newer version of @manga-federation/sqlite. Upgrade it to that version.`,
    )
  }
  checkSmallTables(connection, path)
}

/**
 * Checks what is small: a check of everything reads the whole file, seconds for a large catalog. Damage elsewhere
 * is reported when it is met.
 */
function checkSmallTables(connection: SqlConnection, path: string): void {
  for (const table of ['identity', 'own_keys', 'catalogs']) {
    const verdict = connection.prepare<{ quick_check: string }>(`PRAGMA quick_check('${table}')`).get()?.quick_check
    if (verdict === 'ok') continue
    throw new FederationError(
      'store_damaged',
      `The store ${path} is damaged (${verdict?.replaceAll('\n', ' ')}). ${KEEP_THE_FILE} Set it aside and restore a backup.`,
    )
  }
}

function notAStore(connection: SqlConnection, path: string): FederationError {
  const tables = connection.prepare<{ n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n
  return tables === 0
    ? new FederationError(
        'store_damaged',
        `The store ${path} is empty. A store's file never is, so what it held was lost: restore a backup. ` +
          'If nothing was lost, delete the file, and a new identity is made.',
      )
    : new FederationError(
        'store_unavailable',
        `The file ${path} is the database of another application. Choose another path for the store.`,
      )
}

function pragma(connection: SqlConnection, name: 'application_id' | 'user_version'): number {
  return connection.prepare<Record<string, number>>(`PRAGMA ${name}`).get()?.[name] ?? 0
}
