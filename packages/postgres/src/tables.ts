/**
 * The tables of the first version. Text is compared byte by byte, which in UTF-8 is the order of Unicode code points.
 *
 * Objects and their bodies are apart: filters and counts walk through `objects`, whose rows are small, and touch no
 * byte of `entries`, which lie in the order of the log. There each body is in the row of its entry, so that a page of
 * the log is read from one place.
 *
 * @param schema - quoted.
 */
export function createTables(schema: string): string {
  return `
  CREATE TABLE ${schema}.identity (
    only_row boolean PRIMARY KEY CHECK (only_row),
    server_name text COLLATE "C" NOT NULL,
    key_ids text[] NOT NULL,
    -- In the order of key_ids; seeds in base64.
    keys json NOT NULL
  );

  CREATE TABLE ${schema}.catalogs (
    catalog bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- NULL in a catalog that was forgotten, until its rows are cleared.
    origin text COLLATE "C" UNIQUE,
    size bigint NOT NULL,
    changed_ts bigint NOT NULL,
    head bytea
  );

  -- header and nodes are NULL in catalogs without a log, where a row is only the place of a body.
  CREATE TABLE ${schema}.entries (
    catalog bigint NOT NULL,
    seq bigint NOT NULL,
    header bytea,
    nodes bytea,
    body bytea,
    -- In the first row of a commit: tells a process that lost the answer whether its commit was stored.
    commit_id uuid,
    PRIMARY KEY (catalog, seq),
    CHECK (header IS NOT NULL OR body IS NOT NULL)
  );

  CREATE TABLE ${schema}.objects (
    catalog bigint NOT NULL,
    kind smallint NOT NULL CHECK (kind IN (0, 1)),
    id text COLLATE "C" NOT NULL,
    -- The entry that holds the body.
    seq bigint NOT NULL,
    series_id text COLLATE "C",
    revision bigint NOT NULL,
    updated_ts bigint NOT NULL,
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 32),
    locales text COLLATE "C" NOT NULL,
    search_text text COLLATE "C" NOT NULL,
    mirror_of text COLLATE "C",
    -- With the place of the body, a page of a listing is found without these rows.
    PRIMARY KEY (catalog, kind, id) INCLUDE (seq)
  );

  CREATE INDEX chapters_by_series ON ${schema}.objects (catalog, series_id, id) WHERE series_id IS NOT NULL;

  -- The last revision of each id that was deleted; it stays when the id comes back.
  CREATE TABLE ${schema}.deletions (
    catalog bigint NOT NULL,
    kind smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (catalog, kind, id)
  );

  -- Objects whose body the origin left out.
  CREATE TABLE ${schema}.withheld (
    catalog bigint NOT NULL,
    kind smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (catalog, kind, id)
  );

  CREATE INDEX withheld_by_seq ON ${schema}.withheld (catalog, seq);

  -- Reconciling passes that run, and what they saw. What a crash of PostgreSQL empties is both tables at once, so
  -- that a pass that lost its marks is not taken for one that saw nothing.
  CREATE UNLOGGED TABLE ${schema}.passes (
    pass uuid PRIMARY KEY,
    used_at timestamptz NOT NULL
  );

  CREATE UNLOGGED TABLE ${schema}.marks (
    pass uuid NOT NULL,
    kind smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (pass, kind, id)
  );

  -- Other servers whose keys are remembered. bindings: read and merged as a whole; public keys in base64.
  CREATE TABLE ${schema}.remote_servers (
    server_name text COLLATE "C" PRIMARY KEY,
    lasting boolean NOT NULL,
    used_ts bigint NOT NULL,
    document bytea,
    valid_until_ts bigint,
    fetched_ts bigint,
    bindings json NOT NULL
  );

  CREATE INDEX passing_servers_by_use ON ${schema}.remote_servers (used_ts) WHERE NOT lasting;

  CREATE TABLE ${schema}.nonces (
    nonce text COLLATE "C" PRIMARY KEY,
    expires_ts bigint NOT NULL
  );

  CREATE INDEX nonces_by_expiry ON ${schema}.nonces (expires_ts);

  CREATE TABLE ${schema}.transactions (
    sender text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    expires_ts bigint NOT NULL,
    PRIMARY KEY (sender, id)
  );

  CREATE INDEX transactions_by_expiry ON ${schema}.transactions (expires_ts);

  CREATE TABLE ${schema}.following (
    server_name text COLLATE "C" PRIMARY KEY,
    record bytea NOT NULL
  );

  CREATE TABLE ${schema}.followers (
    server_name text COLLATE "C" PRIMARY KEY,
    subscribed_ts bigint NOT NULL,
    acknowledged_size bigint NOT NULL,
    failures bigint NOT NULL,
    failing_since_ts bigint,
    next_try_ts bigint NOT NULL,
    last_error text
  );

  CREATE TABLE ${schema}.balancers (
    server_name text COLLATE "C" PRIMARY KEY,
    state text NOT NULL,
    registered_ts bigint NOT NULL,
    error_code text,
    error_message text,
    failures bigint NOT NULL,
    checked_ts bigint,
    succeeded_ts bigint,
    next_poll_ts bigint NOT NULL
  );

  -- Work that one process does for all.
  CREATE TABLE ${schema}.work (
    name text COLLATE "C" PRIMARY KEY,
    holder uuid NOT NULL,
    held_until timestamptz NOT NULL
  );`
}
