import { reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { createGauge, type Metric, type Reading } from './metric.ts'
import type { WatchedOrigin, WatchedState } from './telemetry.ts'

/** The states of a followed server, all shown at each time: an alert ends when its state goes back to 0. */
const ORIGIN_STATES: readonly WatchedOrigin['state'][] = ['fresh', 'stale', 'behind', 'incomplete', 'forked']

/** Prometheus counts time in seconds. */
const MS_A_SECOND = 1000

/** Builds the metrics that are looked at only when somebody asks for them. */
export function createGauges(state: WatchedState, logger: Logger): Metric[] {
  const { serverName, store } = state
  const gauge = (name: string, help: string, read: () => Promise<readonly Reading[]>): Metric =>
    createGauge(name, help, async () => {
      try {
        return await read()
      } catch (error) {
        // What the site itself measures stands on the same page, and must not be lost with this.
        logger.warn({ err: error }, `The metric ${name} cannot be read: ${reasonOf(error)}`)
        return []
      }
    })

  return [
    gauge('manga_federation_catalog_objects', 'Objects in the own catalog', async () => [
      { labels: { kind: 'series' }, value: await store.catalog.count(serverName, 'series') },
      { labels: { kind: 'chapter' }, value: await store.catalog.count(serverName, 'chapter') },
    ]),
    gauge('manga_federation_log_entries', 'Entries of the own log', async () => [
      { labels: {}, value: (await store.catalog.state(serverName)).size },
    ]),
    gauge('manga_federation_followers', 'Servers that are told of changes', async () => [
      { labels: {}, value: await store.followers.count() },
    ]),
    gauge('manga_federation_background_work', 'Whether this process does the background work', async () => [
      { labels: {}, value: state.isOnDuty() ? 1 : 0 },
    ]),
    gauge(
      'manga_federation_origin_lag_seconds',
      'For how long changes of a followed server are missing here',
      async () =>
        (await state.origins()).flatMap(({ serverName: origin, lagMs }) =>
          lagMs === undefined ? [] : { labels: { origin }, value: lagMs / MS_A_SECOND },
        ),
    ),
    gauge('manga_federation_origin_state', 'Whether the catalog of a followed server is in this state', async () =>
      (await state.origins()).flatMap(({ serverName: origin, state: present }) =>
        ORIGIN_STATES.map((one) => ({ labels: { origin, state: one }, value: one === present ? 1 : 0 })),
      ),
    ),
  ]
}
