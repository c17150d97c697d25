import { compareCodePoints } from '../code-point-order.ts'
import type { Atomically } from './atomically.ts'
import type { BalancerStore, LoadBalancer } from './balancer-store.ts'

export function memoryBalancerStore(atomically: Atomically): BalancerStore {
  const balancers = new Map<string, LoadBalancer>()
  return {
    list: () =>
      atomically(() =>
        Array.from(balancers.values(), copyOf).sort((a, b) => compareCodePoints(a.serverName, b.serverName)),
      ),

    get: (serverName) =>
      atomically(() => {
        const balancer = balancers.get(serverName)
        return balancer && copyOf(balancer)
      }),

    put: (balancer) =>
      atomically(() => {
        balancers.set(balancer.serverName, copyOf(balancer))
      }),

    delete: (serverName) =>
      atomically(() => {
        balancers.delete(serverName)
      }),
  }
}

function copyOf(balancer: LoadBalancer): LoadBalancer {
  return { ...balancer, error: balancer.error && { ...balancer.error } }
}
