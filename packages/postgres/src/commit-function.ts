/**
 * The function that stores a commit: one statement, so one round trip and one transaction, and a process that dies in
 * the middle leaves neither half a commit nor a lock.
 *
 * What it is given comes in three parts: the state, the rows as one JSON document, and all bytes one after the other
 * in one array, which the rows point into (from 1 on). Ten columns of a hundred rows are read as fast from JSON as
 * from arrays, and unlike parameters, fields can be added while an older process still runs. Bytes in an array of
 * their own need no escaping, which is five times as fast.
 *
 * @param schema - quoted.
 * @param channel - on which commits are told to other processes, a plain identifier.
 */
export function createCommitFunction(schema: string, channel: string): string {
  return `
  CREATE FUNCTION ${schema}.commit_catalog(
    given_origin text,
    given_commit uuid,
    expected_size bigint,
    given_size bigint,
    given_ts bigint,
    given_head bytea,
    known_record bytea,
    given_record bytea,
    change json,
    bytes bytea
  )
  RETURNS TABLE (new_size bigint, new_changed_ts bigint)
  LANGUAGE plpgsql
  -- Every row is found by its key. A plan that was made while a table was small would go on reading all of it.
  SET enable_seqscan = off
  SET enable_hashjoin = off
  SET enable_mergejoin = off
  AS $function$
  DECLARE
    state ${schema}.catalogs;
    replaced bigint[];
    deleted bigint[];
    -- Whether the follower's record is the one that its change was made of.
    is_record boolean = true;
  BEGIN
    -- What was committed is published at once: a commit that a power loss took back would let two different objects
    -- go out under one revision. Whatever else the operator chose is stronger than this.
    IF current_setting('synchronous_commit') = 'off' THEN
      PERFORM set_config('synchronous_commit', 'local', true);
    END IF;

    IF given_record IS NOT NULL THEN
      PERFORM FROM ${schema}.following WHERE server_name = given_origin FOR UPDATE;
      IF NOT FOUND THEN
        RETURN;
      END IF;
      is_record = EXISTS (
        SELECT FROM ${schema}.following WHERE server_name = given_origin AND record = known_record
      );
    END IF;

    -- Compare and swap: another commit waits here for the lock of this row, and then finds another size.
    UPDATE ${schema}.catalogs AS known
    SET size = given_size,
        changed_ts = CASE WHEN given_size > expected_size THEN given_ts ELSE known.changed_ts END,
        head = coalesce(given_head, known.head)
    WHERE known.origin = given_origin AND known.size = expected_size AND is_record
    RETURNING * INTO state;

    IF NOT FOUND AND expected_size = 0 AND is_record THEN
      INSERT INTO ${schema}.catalogs (origin, size, changed_ts, head)
      VALUES (given_origin, given_size, CASE WHEN given_size > 0 THEN given_ts ELSE 0 END, given_head)
      ON CONFLICT (origin) DO NOTHING
      RETURNING * INTO state;
    END IF;

    IF state.catalog IS NULL THEN
      -- Another process was faster, or this very commit was stored and its answer was lost.
      RETURN QUERY
        SELECT given_size, given_ts FROM ${schema}.catalogs AS known JOIN ${schema}.entries AS held USING (catalog)
        WHERE known.origin = given_origin AND held.seq = expected_size AND held.commit_id = given_commit;
      RETURN;
    END IF;

    IF given_record IS NOT NULL THEN
      UPDATE ${schema}.following SET record = given_record WHERE server_name = given_origin;
    END IF;

    WITH gone AS (
      DELETE FROM ${schema}.objects AS held
      USING json_to_recordset(change -> 'deletes') AS given (kind smallint, id text)
      WHERE held.catalog = state.catalog AND held.kind = given.kind AND held.id = given.id
      RETURNING held.kind, held.id, held.revision, held.seq
    ), remembered AS (
      INSERT INTO ${schema}.deletions (catalog, kind, id, revision)
      SELECT state.catalog, gone.kind, gone.id, gone.revision FROM gone
      ON CONFLICT (catalog, kind, id) DO UPDATE SET revision = excluded.revision
    )
    SELECT array_agg(gone.seq) INTO deleted FROM gone;

    WITH given AS MATERIALIZED (
      SELECT * FROM json_to_recordset(change -> 'puts') AS put (
        kind smallint, id text, seq bigint, series_id text, revision bigint, updated_ts bigint, content_hash int,
        locales text, search_text text, mirror_of text
      )
    ), old AS (
      SELECT held.seq FROM given JOIN ${schema}.objects AS held
        ON held.catalog = state.catalog AND held.kind = given.kind AND held.id = given.id
    ), stored AS (
      INSERT INTO ${schema}.objects (
        catalog, kind, id, seq, series_id, revision, updated_ts, content_hash, locales, search_text, mirror_of
      )
      SELECT state.catalog, kind, id, seq, series_id, revision, updated_ts, substring(bytes FROM content_hash FOR 32),
        locales, search_text, mirror_of
      FROM given
      ON CONFLICT (catalog, kind, id) DO UPDATE SET
        seq = excluded.seq, series_id = excluded.series_id, revision = excluded.revision,
        updated_ts = excluded.updated_ts, content_hash = excluded.content_hash, locales = excluded.locales,
        search_text = excluded.search_text, mirror_of = excluded.mirror_of
    )
    SELECT array_agg(old.seq) INTO replaced FROM old;

    -- A body goes with the version that it belongs to; an entry of a log stays without it.
    replaced := replaced || deleted;
    IF replaced IS NOT NULL THEN
      DELETE FROM ${schema}.entries AS held
      WHERE held.catalog = state.catalog AND held.seq = ANY (replaced) AND held.header IS NULL;
      UPDATE ${schema}.entries AS held SET body = NULL
      WHERE held.catalog = state.catalog AND held.seq = ANY (replaced);
    END IF;

    -- An entry that is there gets the body that it lacked.
    INSERT INTO ${schema}.entries (catalog, seq, header, nodes, body, commit_id)
    SELECT state.catalog, given.seq,
      substring(bytes FROM given.header_at FOR given.header_bytes),
      substring(bytes FROM given.nodes_at FOR given.nodes_bytes),
      substring(bytes FROM given.body_at FOR given.body_bytes),
      CASE WHEN given.seq = expected_size THEN given_commit END
    FROM json_to_recordset(change -> 'entries') AS given (
      seq bigint, header_at int, header_bytes int, nodes_at int, nodes_bytes int, body_at int, body_bytes int
    )
    ON CONFLICT (catalog, seq) DO UPDATE SET body = excluded.body;

    IF EXISTS (SELECT FROM ${schema}.withheld AS held WHERE held.catalog = state.catalog) THEN
      DELETE FROM ${schema}.withheld AS held
      USING (
        SELECT * FROM json_to_recordset(change -> 'deletes') AS given (kind smallint, id text)
        UNION ALL
        SELECT * FROM json_to_recordset(change -> 'puts') AS given (kind smallint, id text)
      ) AS given
      WHERE held.catalog = state.catalog AND held.kind = given.kind AND held.id = given.id;
    END IF;

    INSERT INTO ${schema}.withheld (catalog, kind, id, seq)
    SELECT state.catalog, given.kind, given.id, given.seq
    FROM json_to_recordset(change -> 'withheld') AS given (kind smallint, id text, seq bigint)
    ON CONFLICT (catalog, kind, id) DO UPDATE SET seq = excluded.seq;

    PERFORM pg_notify('${channel}', given_origin);
    RETURN QUERY SELECT state.size, state.changed_ts;
  END
  $function$;`
}
