import { reasonOf } from '../errors.ts'
import type { Catalog } from './catalog.ts'
import { ReportBuilder } from './report.ts'

/**
 * A catalog that is reached through a start which may fail, or after a close: what it promises never to reject says
 * what happened in its report instead.
 *
 * @param running - the running catalog; rejects when there is none.
 */
export function catalogWhenRunning(running: () => Promise<Catalog>): Catalog {
  return {
    changed: (ids) =>
      running().then(
        (catalog) => catalog.changed(ids),
        (error: unknown) => {
          const report = new ReportBuilder()
          for (const id of ids.series ?? []) report.problem({ kind: 'series', id, message: reasonOf(error) })
          for (const id of ids.chapters ?? []) report.problem({ kind: 'chapter', id, message: reasonOf(error) })
          return report.finish()
        },
      ),
    reconcile: (options) =>
      running().then(
        (catalog) => catalog.reconcile(options),
        (error: unknown) => ({
          ...new ReportBuilder().finish(),
          outcome: 'failed' as const,
          missing: 0,
          message: reasonOf(error),
        }),
      ),
    status: async () => (await running()).status(),
  }
}
