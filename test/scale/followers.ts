import { createFederation, type Federation, type Store } from '@manga-federation/core'
import type { Test } from 'tap'
import { serve } from '../faults/serve.ts'
import { refusalLog } from './refusals.ts'

/** A server in the test's own process, which follows others. */
export interface Follower {
  readonly federation: Federation
  readonly store: Store
  readonly refusals: readonly string[]
}

/**
 * Starts a server without a catalog of its own, which ends with the test.
 *
 * @param reachable - whether others push to it; if not, it reads their events.
 */
export async function openFollower(t: Test, store: Store, reachable: boolean): Promise<Follower> {
  const { port, server } = await serve({ handle: (request) => federation.handle(request) })
  const { logger, refusals } = refusalLog()
  const listNothing = async (): Promise<{ items: never[] }> => ({ items: [] })
  const getNothing = async (): Promise<undefined> => undefined
  const federation = createFederation({
    serverName: `http://127.0.0.1:${port}/v1`,
    catalog: { listSeries: listNothing, listChapters: listNothing, getSeries: getNothing, getChapter: getNothing },
    store: async () => store,
    reachable,
    allowInsecure: true,
    allowedPorts: 'any',
    logger,
  })
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await federation.close()
  })
  await federation.start()
  return { federation, store, refusals }
}
