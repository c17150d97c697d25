import type { Federation } from '@manga-federation/core'
import type { Test } from 'tap'
import { startSite } from '../../examples/shared/src/test-process.ts'

type Answer<Method extends (...given: never[]) => Promise<unknown>> = Awaited<ReturnType<Method>>

/** What a running site's operator can do and see, with the argument and the answer of each question. */
export interface OperatorQuestions {
  /** Brings its database to this number of changes, and tells its federation. */
  change: [to: number, Answer<Federation['catalog']['changed']>]
  volunteer: [nameOrDomain: string, Answer<Federation['volunteer']>]
  volunteering: [undefined, Answer<Federation['volunteering']>]
  loadBalancers: [undefined, Answer<Federation['loadBalancers']['list']>]
  link: [undefined, string]
  /** Lets time pass: what falls due happens. */
  passTime: [ms: number, null]
}

/** A site in a process of its own. */
export interface Site {
  readonly serverName: string
  /** Where it listens itself. */
  readonly address: string
  ask<Question extends keyof OperatorQuestions>(
    question: Question,
    ...argument: OperatorQuestions[Question][0] extends undefined ? [] : [OperatorQuestions[Question][0]]
  ): Promise<OperatorQuestions[Question][1]>
  /** Ends it as a power cut does, and leaves its port closed. */
  kill(): Promise<void>
}

const PROGRAM = new URL('site-process.ts', import.meta.url)

/**
 * Starts a site. It ends with the test.
 *
 * @param folder - where it keeps its data.
 * @param publicName - its server name, where something stands in front of it. Default is where it listens.
 */
export async function openSite(t: Test, folder: string, publicName = ''): Promise<Site> {
  const site = startSite(t, PROGRAM, { DATA_DIR: folder, SERVER_NAME: publicName })
  const address = await site.listening()
  return {
    serverName: publicName || `${address}/v1`,
    address,
    async ask(question, argument?: unknown) {
      const body = JSON.stringify(argument ?? null)
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${address}/operator/${question}`, { method: 'POST', headers, body })
      if (response.status !== 200) throw new Error(`"${question}" was answered with ${response.status}.`)
      return JSON.parse(await response.text()) as never
    },
    async kill() {
      site.process.kill('SIGKILL')
      await site.exited
    },
  }
}
