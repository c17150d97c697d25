import { randomUUID } from 'node:crypto'
import type { Database } from './database.ts'

/** Work that one of the processes that share a store does for all of them. */
export interface WorkStore {
  /**
   * Takes some work, or keeps what this process has, for `ttlMs` from now. Whoever has it asks again well before that;
   * when it dies, another one gets it when the time is up.
   *
   * @param name - of the work, 255 characters at most.
   * @param ttlMs - 1,000 to 600,000.
   * @returns false while another process has it.
   */
  claim(name: string, ttlMs: number): Promise<boolean>
  /** Gives it back, so that another process gets it at once; fine when this one has not got it. */
  release(name: string): Promise<void>
}

/** The work that this process has, in the table `work`. */
export interface WorkTable {
  readonly methods: WorkStore
  /** Gives back all that this process has. */
  releaseAll(): Promise<void>
}

/**
 * Rows with an expiry, by the one clock of the database. An advisory lock would end with its connection, while its
 * holder still works, and outlive a machine that lost its power for as long as TCP waits.
 */
export function workTable(database: Database): WorkTable {
  const { schema } = database
  const holder = randomUUID()
  let hasClaimed = false
  const claimWork = `
    INSERT INTO ${schema}.work AS known (name, holder, held_until)
    VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
      WHERE known.holder = excluded.holder OR known.held_until < clock_timestamp()
    RETURNING 1`
  const releaseWork = `DELETE FROM ${schema}.work WHERE name = $1 AND holder = $2`
  const releaseAll = `DELETE FROM ${schema}.work WHERE holder = $1`

  return {
    methods: {
      async claim(name, ttlMs) {
        hasClaimed = true
        return (await database.all(claimWork, name, holder, ttlMs)).length === 1
      },

      async release(name) {
        await database.all(releaseWork, name, holder)
      },
    },

    async releaseAll() {
      if (hasClaimed) await database.all(releaseAll, holder)
    },
  }
}
