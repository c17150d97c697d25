import { backOffMs } from '../back-off.ts'
import { shuffled } from '../shuffled.ts'
import type { Environment } from '../environment.ts'

/** How long a server that did not answer is asked last; doubles with each further time, up to a quarter of an hour. */
const FIRST_REST_MS = 60 * 1000
const MAX_REST_MS = 15 * 60 * 1000

/** How long a server that lied is asked last: nobody serves its listings until others fail as well. */
const LIE_REST_MS = 60 * 60 * 1000

/** The servers of one catalog, and in which order they are asked (PROTOCOL section 7). */
export interface Servers {
  /** Those that may be asked: the primary first, then load balancers in random order. */
  ready(): string[]
  /** Those that failed or lied lately, in the same order: for when no other one is left. */
  resting(): string[]
  answered(serverName: string): void
  failed(serverName: string): void
  lied(serverName: string): void
}

/** What choosing works with. */
export interface ServersOptions {
  readonly primary: string
  /** Load balancers and mirrors; they may be listed twice. */
  readonly others: readonly string[]
  readonly environment: Environment
  /** From 0 to below 1: `Math.random`. */
  readonly random: () => number
}

/** Begins to choose between servers, of which nothing bad is known yet. */
export function chooseServers({ primary, others, environment, random }: ServersOptions): Servers {
  const balancers = [...new Set(others)].filter((name) => name !== primary)
  const restUntilTs = new Map<string, number>()
  const failuresInARow = new Map<string, number>()

  const isResting = (name: string): boolean => environment.now() < (restUntilTs.get(name) ?? 0)
  const inOrder = (): string[] => [primary, ...shuffled(balancers, random)]

  return {
    ready: () => inOrder().filter((name) => !isResting(name)),
    resting: () => inOrder().filter(isResting),
    answered: (name) => void failuresInARow.delete(name),
    failed(name) {
      const failures = (failuresInARow.get(name) ?? 0) + 1
      failuresInARow.set(name, failures)
      restUntilTs.set(name, environment.now() + backOffMs(failures, FIRST_REST_MS, MAX_REST_MS))
    },
    lied: (name) => void restUntilTs.set(name, environment.now() + LIE_REST_MS),
  }
}
