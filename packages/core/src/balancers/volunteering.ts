import { atMost } from '../environment.ts'
import { FederationError } from '../errors.ts'
import type { Tell } from '../sharing/index.ts'
import { createRegistration, type Registration, type RegistrationOptions } from './registration.ts'
import { type VolunteerStatus, volunteerStatus } from './volunteer-state.ts'

/** How long whoever volunteers, or stops to, waits for the other server's word. */
const MAX_WAIT_MS = 5000

/** What volunteering works with. */
export interface VolunteeringOptions extends Omit<RegistrationOptions, 'mayPlan'> {
  /** Tells other processes what was decided. */
  readonly tell: Tell
  /** Whether others reach this server. */
  readonly reachable: boolean
}

/** The servers whose load balancer this one is, or wants to be. */
export interface Volunteering {
  /**
   * Becomes a load balancer of a server: registers as soon as its whole catalog is mirrored, and keeps that up.
   *
   * @param serverName - of a server that is followed.
   * @throws FederationError `invalid_option` where others cannot reach this server; `invalid_parameter` when it is not
   *   followed.
   */
  volunteer(serverName: string): Promise<VolunteerStatus>
  /** Ends that; its catalog stays mirrored. Told to it again and again until it has heard. */
  stopVolunteering(serverName: string): Promise<void>
  /** All of them, by name. */
  list(): Promise<VolunteerStatus[]>
  /** Something new of a server's catalog is held. */
  applied(serverName: string): void
  /** A server is not followed any more. */
  withdrawn(serverName: string): void
  /** Another process volunteered, or stopped to. */
  changed(serverName: string): Promise<void>
  start(): Promise<void>
  /** Asks nobody any more but when asked to, until the next `start`. */
  stop(): Promise<void>
}

/** Builds it. Nothing is asked before `start`. */
export function createVolunteering(options: VolunteeringOptions): Volunteering {
  const { serverName: own, following, records, reachable, tell, environment } = options
  const registrations = new Map<string, Registration>()
  let isWorking = false

  function registrationWith(origin: string): Registration {
    const known = registrations.get(origin)
    if (known) return known
    const registration = createRegistration(origin, { ...options, mayPlan: () => isWorking })
    registrations.set(origin, registration)
    return registration
  }

  async function visit(origin: string): Promise<void> {
    await atMost(registrationWith(origin).visitNow(), MAX_WAIT_MS, environment)
  }

  async function statusOf(origin: string): Promise<VolunteerStatus> {
    // Where another process keeps the registrations, only the other server can be asked how they stand.
    if (!isWorking) await visit(origin)
    const mirror = await following.status(origin)
    return volunteerStatus(origin, registrationWith(origin).facts, { own, mirror })
  }

  function letGo(origin: string): void {
    const registration = registrations.get(origin)
    registrations.delete(origin)
    void registration?.abandon()
  }

  return {
    async volunteer(origin) {
      if (!reachable) {
        const message = 'reachable is false: a server that others cannot reach cannot serve readers. Follow it instead.'
        throw new FederationError('invalid_option', message)
      }
      const record = await records.change(origin, (known) => ({ ...known, volunteer: 'yes' }))
      if (!record) throw new FederationError('invalid_parameter', `${origin} is not followed.`)
      tell('following', origin)
      if (isWorking) await visit(origin)
      return statusOf(origin)
    },

    async stopVolunteering(origin) {
      const record = await records.change(origin, (known) =>
        known.volunteer === 'yes' ? { ...known, volunteer: 'ending' } : known,
      )
      if (record?.volunteer !== 'ending') return
      await visit(origin)
      tell('following', origin)
    },

    async list() {
      const volunteered = (await records.list()).filter(({ volunteer }) => volunteer !== 'no')
      return Promise.all(volunteered.map(({ serverName }) => statusOf(serverName)))
    },

    applied: (origin) => registrations.get(origin)?.mirrored(),

    withdrawn: letGo,

    async changed(origin) {
      if (!isWorking) return
      const record = await records.get(origin)
      if (record && record.volunteer !== 'no') void registrationWith(origin).visitNow()
    },

    async start() {
      const isKept = (origin: string): boolean => wasWorking && registrations.has(origin)
      const wasWorking = isWorking
      isWorking = true
      for (const { serverName, volunteer } of await records.list()) {
        if (volunteer !== 'no' && !isKept(serverName)) void registrationWith(serverName).visitNow()
      }
    },

    async stop() {
      isWorking = false
      const ended = [...registrations.values()]
      registrations.clear()
      await Promise.all(ended.map((registration) => registration.end()))
    },
  }
}
