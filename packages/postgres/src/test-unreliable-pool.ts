import { Pool } from 'pg'
import type { PostgresClient, PostgresPool, PostgresQuery } from './postgres-pool.ts'

/** A pool whose connections can be made to break. */
export interface UnreliablePool {
  readonly pool: PostgresPool
  /**
   * Breaks the connection of the next statement whose text this matches.
   *
   * @param when - before PostgreSQL gets the statement, or after it was carried out and before the answer comes.
   * @param meanwhile - what others do before the store notices.
   */
  breakAt(pattern: RegExp, when: 'before' | 'after', meanwhile?: () => Promise<unknown>): void
  end(): Promise<void>
}

export function unreliablePool(connectionString: string): UnreliablePool {
  const real = new Pool({ connectionString })
  real.on('error', () => {})
  let next: { pattern: RegExp; when: 'before' | 'after'; meanwhile: (() => Promise<unknown>) | undefined } | undefined

  const query = async (client: PostgresClient, statement: PostgresQuery): Promise<{ rows: unknown[] }> => {
    if (next?.pattern.test(statement.text) !== true) return client.query(statement)
    const { when, meanwhile } = next
    next = undefined
    if (when === 'after') await client.query(statement)
    await meanwhile?.()
    // What `pg` throws when the socket closes.
    throw new Error('Connection terminated unexpectedly')
  }

  return {
    pool: {
      async connect() {
        const client: PostgresClient = await real.connect()
        return new Proxy(client, {
          get(target, property) {
            if (property === 'query') return (statement: PostgresQuery) => query(target, statement)
            const value: unknown = Reflect.get(target, property)
            return typeof value === 'function' ? (value.bind(target) as unknown) : value
          },
        })
      },
    },
    breakAt(pattern, when, meanwhile) {
      next = { pattern, when, meanwhile }
    },
    end: () => real.end(),
  }
}
