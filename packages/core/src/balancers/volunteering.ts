import { atMost } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { createRegistration, type Registration, type RegistrationOptions } from './registration.ts'
import { type VolunteerStatus, volunteerStatus } from './volunteer-state.ts'

/** How long whoever volunteers, or stops to, waits for the other server's word. */
const MAX_WAIT_MS = 5000

/** What volunteering works with. */
export interface VolunteeringOptions extends RegistrationOptions {
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
  start(): Promise<void>
  stop(): Promise<void>
}

/** Builds it. Nothing is asked before `start`. */
export function createVolunteering(options: VolunteeringOptions): Volunteering {
  const { serverName: own, following, records, reachable, environment } = options
  const registrations = new Map<string, Registration>()
  let phase: 'waiting' | 'started' | 'stopped' = 'waiting'

  function registrationWith(origin: string): Registration {
    const known = registrations.get(origin)
    if (known) return known
    const registration = createRegistration(origin, options)
    registrations.set(origin, registration)
    return registration
  }

  async function visit(origin: string): Promise<void> {
    const registration = registrationWith(origin)
    if (phase === 'started') await atMost(registration.visitNow(), MAX_WAIT_MS, environment)
  }

  async function statusOf(origin: string): Promise<VolunteerStatus> {
    const mirror = await following.status(origin)
    return volunteerStatus(origin, registrationWith(origin).facts, { own, mirror })
  }

  return {
    async volunteer(origin) {
      if (!reachable) {
        const message = 'reachable is false: a server that others cannot reach cannot serve readers. Follow it instead.'
        throw new FederationError('invalid_option', message)
      }
      const record = await records.change(origin, (known) => ({ ...known, volunteer: 'yes' }))
      if (!record) throw new FederationError('invalid_parameter', `${origin} is not followed.`)
      await visit(origin)
      return statusOf(origin)
    },

    async stopVolunteering(origin) {
      const record = await records.change(origin, (known) =>
        known.volunteer === 'yes' ? { ...known, volunteer: 'ending' } : known,
      )
      if (record?.volunteer === 'ending') await visit(origin)
    },

    async list() {
      const volunteered = (await records.list()).filter(({ volunteer }) => volunteer !== 'no')
      return Promise.all(volunteered.map(({ serverName }) => statusOf(serverName)))
    },

    applied: (origin) => registrations.get(origin)?.mirrored(),

    withdrawn(origin) {
      const registration = registrations.get(origin)
      registrations.delete(origin)
      void registration?.abandon()
    },

    async start() {
      if (phase !== 'waiting') return
      phase = 'started'
      for (const { serverName, volunteer } of await records.list()) {
        if (volunteer !== 'no') void registrationWith(serverName).visitNow()
      }
    },

    async stop() {
      phase = 'stopped'
      await Promise.all(Array.from(registrations.values(), (registration) => registration.end()))
    },
  }
}
