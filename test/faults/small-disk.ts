import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { OwnDisk } from './site.ts'

/** The whole disk, and what of it is taken at first: some room is left for the site to begin. */
const DISK_MIB = 64
const BALLAST_MIB = 62

/** A new user and mount namespace: mounting in it takes no rights, and nobody else sees it. */
const OWN_MOUNTS = ['--map-root-user', '--mount', 'sh', '-c']

/** Why there can be no small disk on this machine; false when there can. */
export function whyNoSmallDisk(): string | false {
  const { status } = spawnSync('unshare', [...OWN_MOUNTS, 'mount -t tmpfs none /mnt'], {
    stdio: 'ignore',
  })
  return status === 0 ? false : 'this system lets nobody mount a disk of his own (unshare --map-root-user --mount)'
}

/** A disk in memory that is nearly full, mounted on a folder. */
export function smallDisk(folder: string): OwnDisk {
  const ballast = join(folder, 'ballast')
  const mount = `mount -t tmpfs -o size=${DISK_MIB}m none "$0" && head -c ${BALLAST_MIB}M /dev/zero > "$0/ballast"`
  return { folder, ballast, command: ['unshare', ...OWN_MOUNTS, `${mount} && exec "$@"`, folder] }
}
