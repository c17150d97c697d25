import {
  createReader,
  type KeyEvidence,
  type Memory,
  type Reader,
  type ReadPage,
  type ServerProblem,
} from '@manga-federation/core/client'
import { type NetworkFacts, withNames } from './cast.ts'

/** A reader app for the sites of the demonstration. */
export function demoReader({ members }: NetworkFacts, memory: Memory): Reader {
  const witnesses = members.filter(({ role }) => role === 'witness').map(({ serverName }) => serverName)
  // One witness is enough here; a real app asks two or more that are independent of each other.
  return createReader({ memory, witnesses, quorum: 1, allowInsecure: true, allowedPorts: 'any' })
}

/** What people are told of what they read. */
export interface ReadingWords {
  /** Who served it. */
  readonly servedBy: string
  /** On whose word it counts as what the origin signed. */
  readonly onWordOf: string
  /** How old and how complete it is. */
  readonly state: string
  /** What was wrong with servers that were passed over. */
  readonly problems: readonly string[]
}

/** Puts into words who served a page, on whose word it is believed, and what was wrong. */
export function wordsOf(page: ReadPage, { members }: NetworkFacts): ReadingWords {
  const server = members.find(({ serverName }) => serverName === page.servedBy)
  const [, state = ''] = page.message.split('; ')
  return {
    servedBy: `${server?.name ?? page.servedBy}, ${page.isPrimary ? 'the origin itself' : 'a volunteer'}`,
    onWordOf: [...new Set(page.evidence.map((evidence) => withNames(wordsOfEvidence(evidence), members)))].join('; '),
    state: sentence(withNames(state, members)),
    problems: page.problems.map((problem) => wordsOfProblem(problem, members)),
  }
}

function wordsOfEvidence({ source, toldBy }: KeyEvidence): string {
  if (source === 'origin') return 'the origin’s own key, which it told this reader itself'
  const fromLink = toldBy.some((teller) => teller.startsWith('link '))
  return `the origin’s key, as ${fromLink ? 'the link to it names it' : `${toldBy.join(' and ')} saw it`}`
}

function wordsOfProblem({ serverName, message }: ServerProblem, members: NetworkFacts['members']): string {
  const [server, words] = [withNames(serverName, members), withNames(message, members)]
  return words.includes(server) ? words : `${server}: ${words}`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
