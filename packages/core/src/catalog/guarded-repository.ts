import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { ObjectKind } from '../store/index.ts'
import type { CatalogRepository } from './records.ts'

/** How long a site's database may take for one answer. A promise that never settles must not stop publishing. */
const REPOSITORY_TIMEOUT_MS = 60_000

/** A page as it came from the repository: its shape is checked, its records are not yet. */
export interface UncheckedPage {
  readonly items: readonly unknown[]
  readonly next: string | undefined
}

/** The site's repository behind checks: every failure is one FederationError `repository_failed`. */
export interface GuardedRepository {
  list(kind: ObjectKind, cursor: string | undefined, limit: number): Promise<UncheckedPage>
  get(kind: ObjectKind, id: string): Promise<unknown>
}

/**
 * Puts a time limit and checks of shape around a site's repository.
 *
 * @param closing - when it aborts, whoever waits for an answer stops waiting.
 */
export function guardRepository(
  repository: CatalogRepository,
  environment: Environment,
  closing: AbortSignal,
): GuardedRepository {
  async function guarded<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await orGiveUp(call, environment, closing)
    } catch (error) {
      throw new FederationError('repository_failed', `The catalog’s ${what} failed: ${reasonOf(error)}`, {
        cause: error,
      })
    }
  }

  return {
    list: (kind, cursor, limit) => {
      const name = kind === 'series' ? 'listSeries' : 'listChapters'
      return guarded(name, async () =>
        checkPage(await repository[name]({ limit, ...(cursor === undefined ? {} : { cursor }) }), cursor),
      )
    },
    get: (kind, id) => {
      const name = kind === 'series' ? 'getSeries' : 'getChapter'
      return guarded(name, async () => checkAnswer(await repository[name](id), id))
    },
  }
}

function orGiveUp<T>(call: () => Promise<T>, environment: Environment, closing: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (reason: string): void => settle(() => reject(new Error(reason)))
    const cancel = environment.after(REPOSITORY_TIMEOUT_MS, () =>
      giveUp(`no answer within ${REPOSITORY_TIMEOUT_MS / 1000} seconds`),
    )
    const onClosing = (): void => giveUp('the federation is closing')
    const settle = (how: () => void): void => {
      cancel()
      closing.removeEventListener('abort', onClosing)
      how()
    }
    closing.addEventListener('abort', onClosing)
    call().then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
    )
  })
}

function checkPage(page: unknown, cursor: string | undefined): UncheckedPage {
  if (typeof page !== 'object' || page === null || !('items' in page) || !Array.isArray(page.items)) {
    throw new Error('it must return { items: […], next?: "…" }')
  }
  const next = 'next' in page ? (page.next ?? undefined) : undefined
  if (next !== undefined && typeof next !== 'string') throw new Error('next must be text or missing')
  if (next !== undefined && next === cursor) throw new Error('next is the cursor it was given: the listing never ends')
  return { items: page.items, next }
}

function checkAnswer(record: unknown, id: string): unknown {
  if (record === undefined || record === null) return undefined
  const answered: unknown = typeof record === 'object' && 'id' in record ? record.id : undefined
  // A record without a text id is left to the rules, which say how to mend it.
  if (typeof answered === 'string' && answered !== id)
    throw new Error(`it was asked for ${JSON.stringify(id)} and returned another record`)
  return record
}
