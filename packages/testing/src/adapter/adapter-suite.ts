import { registerCases, type TestFunction } from '../case.ts'
import type { Mount, Parser, Place } from './adapter-site.ts'
import { bodyCases } from './body-cases.ts'
import type { Exchange } from './http-client.ts'
import { nameCases } from './name-cases.ts'
import { placeCases } from './place-cases.ts'
import { routeCases } from './route-cases.ts'
import { siteCases } from './site-cases.ts'
import { streamCases } from './stream-cases.ts'
import { createWorkbench } from './workbench.ts'

/** What a framework, or what stands before it, can do without. */
export type Capability =
  | Exclude<Place, 'root'>
  | Exclude<Parser, 'none'>
  /** Raw bytes behind a parser when the body has no length. */
  | 'keeps chunked bytes'
  /** Long answers one piece after the other, seen from the client. */
  | 'streaming'
  /** Targets that reach the site as they were sent, also when they cannot be decoded. */
  | 'raw targets'

/** What `adapterSuite` needs to know of an adapter. */
export interface AdapterSuiteOptions {
  /** The test function of your test runner. */
  readonly test: TestFunction
  /** Builds a site with the adapter. The suite closes it. */
  readonly mount: Mount
  /** What does not apply, with the reason that is printed. Default is nothing. */
  readonly without?: Partial<Record<Capability, string>>
  /** Called with every exchange, to check more: against an OpenAPI document, for example. Throws what is wrong. */
  readonly onExchange?: (exchanged: Exchange) => void
}

/**
 * Shows over real sockets whether an adapter hands everything to the federation as it came, and leaves the rest of
 * the site alone: one test a promise, registered with the caller's test function.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * adapterSuite({ test, mount: async (options) => mySiteWithTheAdapter(options) })
 * ```
 */
export function adapterSuite({ test, mount, without = {}, onExchange = () => {} }: AdapterSuiteOptions): void {
  registerCases(
    test,
    [
      ...routeCases(without['raw targets']),
      ...nameCases(without['raw targets']),
      ...placeCases(without),
      ...siteCases,
      ...streamCases(without.streaming),
      ...bodyCases(without),
    ],
    createWorkbench(mount, onExchange),
  )
}
