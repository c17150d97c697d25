import { balancerRoutes } from './balancers/index.ts'
import { catalogRoutes, catalogWhenRunning } from './catalog/index.ts'
import { discoveryRoutes } from './discovery/index.ts'
import { atMost } from './environment.ts'
import { FederationError } from './errors.ts'
import type { Federation } from './federation-interface.ts'
import { type FollowProgress } from './follow/index.ts'
import { createDispatcher, createMatcher, createOpenStreams, mountRoutes, type Route } from './http/index.ts'
import { keyRoutes, writeIdentity } from './keys/index.ts'
import { logRoutes } from './log/index.ts'
import { makeLink } from './client/link.ts'
import { decodeServerNameSegment } from './names/index.ts'
import { type FederationOptions, resolveOptions } from './options.ts'
import { pushRoutes } from './push/index.ts'
import { assemble, begin, type Machine, stop } from './machine.ts'

/** A small catalog is complete when the site begins to listen; a large one does not hold it up for longer. */
const MAX_FIRST_PUBLISH_WAIT_MS = 5000

/** Two may not both be gone, and the link stays short enough to be shared. */
const MIRRORS_IN_LINK = 2

const ROUTES: readonly Route<Machine>[] = [
  ...discoveryRoutes,
  ...keyRoutes,
  ...catalogRoutes,
  ...logRoutes,
  ...pushRoutes,
  ...balancerRoutes,
]

/**
 * Puts the parts of the federation together.
 *
 * @throws FederationError `invalid_server_name` or `invalid_option`.
 */
export function createFederation(given: FederationOptions): Federation {
  const options = resolveOptions(given)
  const routes = mountRoutes(ROUTES, options.mountPath)
  const match = createMatcher(routes)
  const streams = createOpenStreams()
  const progressListeners = new Set<(progress: FollowProgress) => void>()
  let machine: Promise<Machine> | undefined
  let ready: Machine | undefined
  let started: Promise<void> | undefined
  let closed = false

  function running(): Promise<Machine> {
    if (closed) return Promise.reject(new FederationError('closed', 'The federation was closed.'))
    machine ??= open().catch((error: unknown) => {
      machine = undefined
      throw error
    })
    return machine
  }

  async function open(): Promise<Machine> {
    const parts = await assemble(options, streams)
    parts.following.onProgress((progress) => progressListeners.forEach((listener) => listener(progress)))
    return parts
  }

  function start(): Promise<void> {
    started ??= publishFirst().catch((error: unknown) => {
      started = undefined
      throw error
    })
    return started
  }

  async function publishFirst(): Promise<void> {
    const parts = await running()
    await begin(parts)
    await atMost(parts.catalog.firstPass, MAX_FIRST_PUBLISH_WAIT_MS, options.environment)
    if (!closed) ready = parts
  }

  const follow: Federation['follow'] = async (nameOrDomain, { acceptNewLog, republish } = {}) => {
    const { following, mirroring } = await running()
    return following.follow(nameOrDomain, { acceptNewLog, prepare: async (name) => mirroring.follow(name, republish) })
  }

  return {
    serverName: options.serverName,
    routes,
    catalog: {
      ...catalogWhenRunning(async () => (await running()).catalog),
      mirrored: async (query) => (await running()).mirrored.mirrored(query),
      mirroredObject: async (...which) => (await running()).mirrored.mirroredObject(...which),
      mirroredOrigins: async () => (await running()).mirrored.mirroredOrigins(),
    },
    keys: {
      async rotate(how) {
        const { keys, log, newsroom } = await running()
        await keys.rotate(how?.overlapMs)
        newsroom.tell('keys', options.serverName)
        await log.renewHead()
      },
      exportIdentity: async () => writeIdentity((await running()).keys.identity()),
    },
    verify: async (received) => (await running()).verifier.verify(received),
    verifyAll: async (received) => (await running()).verifier.verifyAll(received),
    follow,
    async unfollow(serverName, { forget } = {}) {
      const { following, mirroring } = await running()
      return following.unfollow(serverName, { forget, prepare: (name) => mirroring.withdraw(name) })
    },
    check: async (serverName, how) => (await running()).following.check(serverName, how),
    following: async () => (await running()).following.list(),
    async followers() {
      const { push, duty } = await running()
      // Who pushes has them from its deliveries, all others from what it stored of them.
      if (!duty.isHeld()) await push.changed()
      return push.followers()
    },
    loadBalancers: {
      list: async () => (await running()).balancers.list(),
      approve: async (serverName) => (await running()).balancers.approve(serverName),
      refuse: async (serverName) => (await running()).balancers.refuse(serverName),
    },
    async volunteer(nameOrDomain) {
      const { serverName } = await follow(nameOrDomain)
      return (await running()).volunteering.volunteer(serverName)
    },
    stopVolunteering: async (serverName) => (await running()).volunteering.stopVolunteering(serverName),
    volunteering: async () => (await running()).volunteering.list(),
    async link() {
      const { keys, balancers } = await running()
      const publicKeys = keys.active().map(({ signingKey }) => signingKey.publicKey)
      const serving = (await balancers.list()).filter(({ state }) => state === 'success')
      const mirrors = serving.slice(0, MIRRORS_IN_LINK).map(({ serverName }) => serverName)
      return makeLink({ serverName: options.serverName, publicKeys, mirrors })
    },
    onProgress(listener) {
      progressListeners.add(listener)
      return () => void progressListeners.delete(listener)
    },
    owns: (target) => match(target) !== undefined,
    handle: createDispatcher({
      match,
      // A listing that is not complete yet would look like one from which everything was deleted.
      parts: () => ready ?? start().then(running),
      decodeServerName: (raw) => decodeServerNameSegment(raw, options.names),
      logger: options.logger,
    }),
    start,
    endStreams: () => streams.end(),
    async close() {
      closed = true
      ready = undefined
      streams.end()
      const parts = await machine?.catch(() => undefined)
      machine = undefined
      if (parts) await stop(parts)
    },
  }
}
