import type { Child } from './child.ts'
import type { UnitCost } from './measure.ts'
import type { Usage } from './scaled-site.ts'
import type { StoreKind } from './scaled-stores.ts'

/** What some work took, in milliseconds. */
export interface Spending {
  /** From its beginning to its end. */
  readonly ms: number
  /** Of the processor, by the sites. */
  readonly siteMs: number
  /** Of the processor, by the database's own processes. */
  readonly databaseMs: number
}

/** Does some work that these sites take part in. */
export async function spendingOf(
  kind: StoreKind,
  sites: readonly Child[],
  work: () => Promise<unknown>,
): Promise<Spending> {
  const before = { siteMs: await cpuMsOf(sites), databaseMs: kind.cpuMs(), now: performance.now() }
  await work()
  const ms = performance.now() - before.now
  return { ms, siteMs: (await cpuMsOf(sites)) - before.siteMs, databaseMs: kind.cpuMs() - before.databaseMs }
}

async function cpuMsOf(sites: readonly Child[]): Promise<number> {
  const usages = await Promise.all(sites.map((site) => site.ask<Usage>('usage')))
  return usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
}

/** What one of so many things cost that were done. */
export function costsOf(name: string, { ms, siteMs, databaseMs }: Spending, times: number): UnitCost[] {
  return [
    { name: `${name}, from beginning to end`, value: ms / times, unit: 'ms' },
    { name: `${name}, processor of the site`, value: siteMs / times, unit: 'ms' },
    { name: `${name}, processor of the database`, value: databaseMs / times, unit: 'ms' },
  ]
}
