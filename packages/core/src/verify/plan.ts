import { type SignatureCheck, verifySignatures } from '../crypto/index.ts'
import type { Verdict } from './verdict.ts'

/** Objects that are read before their signatures are checked together: enough for all cores, little for the memory. */
export const OBJECTS_TOGETHER = 64

/** So many such groups are under way, a page of the log: no core waits while the thread that reads does something else. */
const GROUPS_UNDER_WAY = 4

/** Signatures to check, and what is thought when that is done. */
export interface Plan {
  readonly checks: readonly SignatureCheck[]
  /** @param areGood - for each of the checks whether it holds. */
  readonly conclude: (areGood: readonly boolean[]) => Verdict
}

/** Nothing is to be checked. */
export function settled(verdict: Verdict): Plan {
  return { checks: [], conclude: () => verdict }
}

/** Verifies many in groups, some of these at a time. */
export function inGroups<T>(
  all: readonly T[],
  verifyGroup: (group: readonly T[]) => Promise<Verdict[]>,
): Promise<Verdict[]> {
  const groups = Array.from({ length: Math.ceil(all.length / OBJECTS_TOGETHER) }, (_, index) =>
    all.slice(index * OBJECTS_TOGETHER, (index + 1) * OBJECTS_TOGETHER),
  )
  return inLanes(groups, verifyGroup)
}

/** Each group is let go when its turn comes. */
async function inLanes<T>(
  groups: (readonly T[])[],
  verifyGroup: (group: readonly T[]) => Promise<Verdict[]>,
): Promise<Verdict[]> {
  const verdicts: Verdict[][] = []
  let begun = 0
  const verifyNext = (): Promise<Verdict[]> => verifyGroup(groups.shift()!)
  const lane = async (): Promise<void> => {
    while (groups.length > 0) {
      const index = begun++
      verdicts[index] = await verifyNext()
    }
  }
  await Promise.all(Array.from({ length: GROUPS_UNDER_WAY }, lane))
  return verdicts.flat()
}

/** Checks the signatures of plans. Only what concludes from them waits for that: the signatures themselves are copied. */
export function carryOut(plans: readonly Plan[]): Promise<Verdict[]> {
  const verifying = verifySignatures(plans.flatMap(({ checks }) => checks))
  const waiting = plans.map(({ checks, conclude }) => ({ count: checks.length, conclude }))
  return verifying.then((areGood) => concluded(waiting, areGood))
}

function concluded(
  waiting: readonly (Pick<Plan, 'conclude'> & { readonly count: number })[],
  areGood: readonly boolean[],
): Verdict[] {
  let first = 0
  return waiting.map(({ count, conclude }) => conclude(areGood.slice(first, (first += count))))
}

/**
 * Whether every plan ends with an authentic object. What is thought of good signatures is thought at once, so nothing but
 * the signatures, which are copied, waits until they are checked.
 */
export function holdAll(plans: readonly Plan[]): Promise<boolean> {
  const areFine = plans.every(({ checks, conclude }) => conclude(checks.map(() => true)).authentic)
  if (!areFine) return Promise.resolve(false)
  return verifySignatures(plans.flatMap(({ checks }) => checks)).then((areGood) => !areGood.includes(false))
}
