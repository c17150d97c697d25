import { type LoadBalancerStatus, statusOf } from './balancer-state.ts'
import { type BalancerCheckOptions, checkBalancer } from './check-balancer.ts'
import { createPoller } from './poller.ts'
import { createRegistry, type Registry, type RegistryOptions } from './registry.ts'

/** The load balancers of this server: who registered, and who is advertised (PROTOCOL section 7). */
export interface Balancers extends Pick<Registry, 'get' | 'register' | 'unregister'> {
  /** Where registration is closed: lets those through that are registered. Undefined where anybody may ask. */
  readonly admit: Registry['admit'] | undefined
  /** All that are known, by name. */
  list(): Promise<LoadBalancerStatus[]>
  /**
   * The operator's word that a server may become a load balancer.
   *
   * @throws FederationError `not_registered`; `too_many_load_balancers` beyond 64.
   */
  approve(serverName: string): Promise<LoadBalancerStatus>
  /**
   * The operator's word that a server may not be one, until it is approved.
   *
   * @throws FederationError `not_registered`.
   */
  refuse(serverName: string): Promise<LoadBalancerStatus>
  /** Advertises those that are to be, at the start and when another process changed something. */
  changed(): Promise<void>
  /** Begins to look at them. */
  start(): Promise<void>
  /** Looks at them no more, until the next `start`. */
  stop(): Promise<void>
}

/** What load balancers work with. */
export type BalancersOptions = RegistryOptions & BalancerCheckOptions

/** Puts the registry and the poller together. */
export function createBalancers(options: BalancersOptions): Balancers {
  const { environment, logger } = options
  const registry = createRegistry(options)
  const check = (serverName: string): ReturnType<typeof checkBalancer> => checkBalancer(serverName, options)
  const poller = createPoller({ registry, check, environment, logger })

  async function decide(serverName: string, isTaken: boolean): Promise<LoadBalancerStatus> {
    const decided = await registry.decide(serverName, isTaken)
    poller.wake()
    return statusOf(decided)
  }

  return {
    get: (serverName) => registry.get(serverName),
    admit: options.policy === 'closed' ? (serverName) => registry.admit(serverName) : undefined,
    unregister: (serverName) => registry.unregister(serverName),
    async register(serverName) {
      const registered = await registry.register(serverName)
      poller.wake()
      return registered
    },
    list: async () => (await registry.list()).map(statusOf),
    approve: (serverName) => decide(serverName, true),
    refuse: (serverName) => decide(serverName, false),
    async changed() {
      await registry.advertise()
      poller.wake()
    },
    start: () => poller.start(),
    stop: () => poller.stop(),
  }
}
