/**
 * The three parts of undici that are needed. Its index loads a second HTTP stack of browsers besides, and with it the copy of
 * undici that is built into Node: 85 files and 15 MB of memory in every site, and half of the time that loading undici takes.
 * Its version is pinned, for such paths are not promised.
 */
import type undici from 'undici'
import type { Dispatcher } from 'undici'
import sendRequest from 'undici/lib/api/api-request.js'
import errorsFile from 'undici/lib/core/errors.js'
import agentFile from 'undici/lib/dispatcher/agent.js'

export const Agent: typeof undici.Agent = agentFile

export const errors: typeof undici.errors = errorsFile

/** Sends a request through an agent; resolves when the head of its answer is there. */
export function request(
  agent: Dispatcher,
  { origin, pathname, search }: URL,
  options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>,
): Promise<Dispatcher.ResponseData> {
  return sendRequest.call(agent, { ...options, origin, path: pathname + search })
}
