/**
 * Registers one test: `t.test` of tap, `test` of node:test, Vitest or Jest. What it returns is ignored.
 *
 * @param name - a sentence that says what holds.
 * @param run - resolves when it holds, rejects with the reason when it does not.
 */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

/** One test of a suite, on what the suite is about. */
export interface Case<Subject> {
  readonly name: string
  /** Why it cannot run here; the reason is printed with its name. */
  readonly skip?: string | undefined
  readonly run: (subject: Subject) => Promise<void>
}

/** Registers the cases with the caller's test function. */
export function registerCases<Subject>(test: TestFunction, cases: readonly Case<Subject>[], subject: Subject): void {
  for (const { name, skip, run } of cases) {
    if (skip === undefined) test(name, () => run(subject))
    else test(`${name} (skipped: ${skip})`, async () => {})
  }
}
