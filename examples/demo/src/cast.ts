/** The parts that the sites have in the demonstration. */
export type Role = 'origin' | 'volunteer' | 'witness'

/** A site, and what part it has. */
export interface Member {
  readonly role: Role
  /** What the site calls itself. */
  readonly name: string
  readonly framework: string
  /** What it does here, after its name. */
  readonly task: string
  /** Its folder in `examples/`. */
  readonly folder: string
}

/** Whose catalog is read. Everybody else needs it, so it is started first. */
export const ORIGIN: Member = {
  role: 'origin',
  name: 'Paper Lantern',
  framework: 'Fastify',
  task: 'publishes its catalog, signed',
  folder: 'fastify',
}

/** Those who make sure that it outlives its origin. */
export const OTHERS: readonly Member[] = [
  {
    role: 'volunteer',
    name: 'Blue Umbrella',
    framework: 'Koa',
    task: 'keeps a copy of the catalog of the origin, and shows it to readers too',
    folder: 'koa',
  },
  {
    role: 'witness',
    name: 'Tea & Chapters',
    framework: 'Express',
    task: 'remembers the keys of the origin, so that others can ask for them',
    folder: 'express-blog',
  },
]

/** All three sites. */
export const CAST: readonly Member[] = [ORIGIN, ...OTHERS]

/** A member that runs, as the reader page is told of it. */
export interface RunningMember extends Member {
  /** Such as `http://127.0.0.1:3000`. */
  readonly address: string
  /** Its name in the network. */
  readonly serverName: string
  readonly isAlive: boolean
}

/** What the reader page needs to know of the demonstration. */
export interface NetworkFacts {
  /** The link that the origin gives out to readers: with the fingerprint of its key, and with the volunteer. */
  readonly link: string
  readonly members: readonly RunningMember[]
}

/** A text with the parts in place of server names and addresses, for people. */
export function withNames(
  text: string,
  members: readonly Pick<RunningMember, 'role' | 'address' | 'serverName'>[],
): string {
  return members.reduce(
    (told, { role, serverName, address }) =>
      [serverName, address, new URL(address).host].reduce((named, name) => named.replaceAll(name, `the ${role}`), told),
    text,
  )
}
