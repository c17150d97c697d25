import { randomUUID } from 'node:crypto'
import type { SharedStore } from '@manga-federation/core'
import type { Database } from './database.ts'

/** The work that this process has, in the table `work`. */
export interface WorkTable {
  readonly methods: Pick<SharedStore, 'claim' | 'release'>
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
