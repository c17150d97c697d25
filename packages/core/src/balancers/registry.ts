import { createSerialQueue } from '../catalog/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Tell } from '../sharing/index.ts'
import type { BalancerStore, LoadBalancer } from '../store/index.ts'
import { afterPoll, alive, type BalancerFault, isPolled, newBalancer } from './balancer-state.ts'
import { createRoom, requirePollRoom } from './room.ts'

/**
 * Who may become a load balancer. `open`: whoever holds the entire catalog. `approve`: whom the operator lets.
 * `closed`: nobody further.
 */
export type RegistrationPolicy = 'open' | 'approve' | 'closed'

/** Servers that left are remembered so long, and at most so many, for whoever asks what became of a registration. */
const DELETED_KEPT_MS = 30 * 24 * 60 * 60 * 1000
const MAX_DELETED = 256

/** Who waited for the operator's word for so long may ask anew; its place is for others. */
const ASKED_KEPT_MS = 30 * 24 * 60 * 60 * 1000

/** The load balancers of this server (PROTOCOL section 7), as the store has them. */
export interface Registry {
  /** All of them, by name. */
  list(): Promise<LoadBalancer[]>
  get(serverName: string): Promise<LoadBalancer | undefined>
  /**
   * Refuses early whom no signature would help.
   *
   * @throws FederationError `registration_closed`, `registration_refused`.
   */
  admit(serverName: string): Promise<void>
  /**
   * Enters a server that asked for it itself; one that is there stays as it is, and is looked at soon if it failed.
   *
   * @throws FederationError as `admit` does; `too_many_load_balancers`, `rate_limited`.
   */
  register(serverName: string): Promise<LoadBalancer>
  /** Ends a registration; does nothing where there is none. */
  unregister(serverName: string): Promise<void>
  /**
   * The operator's word that a server is taken, or is not.
   *
   * @throws FederationError `not_registered`, `too_many_load_balancers`.
   */
  decide(serverName: string, isTaken: boolean): Promise<LoadBalancer>
  /** Notes what a look at a load balancer showed; passed over when it is looked at no more. */
  conclude(serverName: string, fault: BalancerFault | undefined): Promise<void>
  /** Tells who is advertised, after the start and when other processes changed it. */
  advertise(): Promise<void>
  /** Does that too, and forgets who left long ago. */
  tidy(): Promise<void>
}

/** What the registry works with. */
export interface RegistryOptions {
  readonly balancers: BalancerStore
  readonly policy: RegistrationPolicy
  /** This server's. */
  readonly serverName: string
  /** Tells other processes that something changed. */
  readonly tell: Tell
  /** Told who is to be advertised whenever that may have changed, by name. */
  readonly advertise: (serverNames: readonly string[]) => void
  /** Told of a server that is looked at from now on: it wants to be told of changes (PROTOCOL section 10). */
  readonly subscribe: (serverName: string) => Promise<unknown>
  readonly environment: Environment
  readonly logger: Logger
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Builds the registry over a store. */
export function createRegistry(options: RegistryOptions): Registry {
  const { balancers, policy, environment, logger, random } = options
  const room = createRoom(environment)
  // One change after the other: what is decided is decided on what is stored.
  const inTurn = createSerialQueue()

  async function put(balancer: LoadBalancer): Promise<LoadBalancer> {
    await balancers.put(balancer)
    await advertise()
    options.tell('balancers', options.serverName)
    return balancer
  }

  async function advertise(): Promise<void> {
    const rows = await balancers.list()
    options.advertise(rows.filter(({ state }) => state === 'success').map(({ serverName }) => serverName))
  }

  function requireOpen(serverName: string, known: LoadBalancer | undefined): void {
    if (known?.state === 'refused') {
      throw new FederationError('registration_refused', `The operator of this server does not want ${serverName}.`)
    }
    if (policy === 'closed' && (!known || known.state === 'deleted')) {
      throw new FederationError('registration_closed', 'This server takes no load balancers. Ask its operator.')
    }
  }

  async function enter(serverName: string): Promise<LoadBalancer> {
    const known = await balancers.get(serverName)
    requireOpen(serverName, known)
    if (known && isPolled(known)) return renew(known)
    const state = policy === 'open' ? 'pending' : 'asked'
    if (known?.state === state) return known
    const others = (await balancers.list()).filter((row) => row.serverName !== serverName)
    room.take(serverName, state, others)
    logger.info({ serverName }, wordsOfEntry(serverName, state))
    return pollFromNowOn(newBalancer(serverName, state, environment.now()))
  }

  async function renew(known: LoadBalancer): Promise<LoadBalancer> {
    const renewed = known.failures > 0 ? alive(known) : known
    if (renewed.nextPollTs !== known.nextPollTs) await balancers.put(renewed)
    return renewed
  }

  async function pollFromNowOn(balancer: LoadBalancer): Promise<LoadBalancer> {
    if (isPolled(balancer)) {
      await options.subscribe(balancer.serverName).catch((error: unknown) => {
        const { serverName } = balancer
        logger.info({ serverName }, `${serverName} is told of no changes, and has to ask for them: ${reasonOf(error)}`)
      })
    }
    return put(balancer)
  }

  async function leave(serverName: string): Promise<void> {
    const known = await balancers.get(serverName)
    if (!known || known.state === 'deleted' || known.state === 'refused') return
    await put({ ...known, state: 'deleted', error: undefined, registeredTs: environment.now() })
    await forgetDeleted()
  }

  async function take(known: LoadBalancer): Promise<LoadBalancer> {
    if (isPolled(known)) return known
    requirePollRoom(await balancers.list())
    return pollFromNowOn(newBalancer(known.serverName, 'pending', environment.now()))
  }

  /** The newest ones stay, for a while. */
  async function forgetDeleted(): Promise<void> {
    const deleted = (await balancers.list()).filter(({ state }) => state === 'deleted')
    deleted.sort((a, b) => b.registeredTs - a.registeredTs)
    const oldestTs = environment.now() - DELETED_KEPT_MS
    for (const [place, { serverName, registeredTs }] of deleted.entries()) {
      if (place >= MAX_DELETED || registeredTs < oldestTs) await balancers.delete(serverName)
    }
  }

  async function forgetUnanswered(): Promise<void> {
    const oldestTs = environment.now() - ASKED_KEPT_MS
    for (const { serverName, state, registeredTs } of await balancers.list()) {
      if (state === 'asked' && registeredTs < oldestTs) await balancers.delete(serverName)
    }
  }

  return {
    list: () => balancers.list(),
    get: (serverName) => balancers.get(serverName),
    admit: async (serverName) => requireOpen(serverName, await balancers.get(serverName)),
    register: (serverName) => inTurn(() => enter(serverName)),
    unregister: (serverName) => inTurn(() => leave(serverName)),
    decide: (serverName, isTaken) =>
      inTurn(async () => {
        const known = await balancers.get(serverName)
        if (!known || known.state === 'deleted') throw notRegistered(serverName)
        return isTaken ? take(known) : put({ ...known, state: 'refused', error: undefined })
      }),
    conclude: (serverName, fault) =>
      inTurn(async () => {
        const known = await balancers.get(serverName)
        if (!known || !isPolled(known)) return
        const concluded = await put(afterPoll(known, fault, { nowTs: environment.now(), random }))
        if (concluded.state !== known.state) logger.info({ serverName, ...fault }, wordsOfTurn(concluded))
        if (concluded.state === 'deleted') await forgetDeleted()
      }),
    advertise,
    tidy: () =>
      inTurn(async () => {
        await forgetDeleted()
        await forgetUnanswered()
        await advertise()
      }),
  }
}

/** That a server is no load balancer, and never was as far as is remembered. */
export function notRegistered(serverName: string): FederationError {
  return new FederationError('not_registered', `${serverName} is not registered as a load balancer of this server.`)
}

function wordsOfEntry(serverName: string, state: 'asked' | 'pending'): string {
  return state === 'asked'
    ? `${serverName} offers to serve this catalog too, and waits for your word`
    : `${serverName} registered as a load balancer`
}

function wordsOfTurn({ serverName, state, error }: LoadBalancer): string {
  return state === 'success'
    ? `${serverName} holds the entire catalog and is advertised from now on`
    : `${serverName} is not advertised any more, or not yet: ${error?.message ?? ''}`
}
