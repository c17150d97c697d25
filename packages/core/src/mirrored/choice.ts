import type { MirroredRecord } from '../catalog/index.ts'
import { sha256 } from '../crypto/index.ts'
import { encodeBase64, type JsonObject } from '../json/index.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import { parseStored } from './stored-object.ts'

/** What ids of republished objects begin with. */
export const REPUBLISHED_PREFIX = 'm-'

/** Characters of a hash in an id: 128 bits. */
const HASH_CHARACTERS = 22

/**
 * Which objects of a server are republished: decides for a series, and for each chapter of a series that was chosen.
 *
 * @returns true for those to be republished.
 */
export type RepublishFilter = (object: JsonObject) => boolean

/** The id of another server's object in this server's catalog: the same for ever. */
export function republishedId(serverName: string, kind: ObjectKind, id: string): string {
  const hash = encodeBase64(sha256(`${serverName}\n${kind}\n${id}`)).slice(0, HASH_CHARACTERS)
  return REPUBLISHED_PREFIX + hash.replaceAll('+', '-').replaceAll('/', '_')
}

/** Chooses what is republished of one server, by what is mirrored now. */
export interface Choice {
  /** The object as it is republished; undefined when it is not mirrored, or not chosen. */
  find(kind: ObjectKind, id: string): Promise<MirroredRecord | undefined>
}

/** Builds a choice for a few objects: it remembers what it decided on series. */
export function createChoice(catalog: CatalogStore, serverName: string, filter: RepublishFilter): Choice {
  const seriesChosen = new Map<string, Promise<boolean>>()

  async function chosen(kind: ObjectKind, id: string): Promise<JsonObject | undefined> {
    const bytes = await catalog.get(serverName, kind, id)
    if (!bytes) return undefined
    const object = parseStored(bytes)
    // What its server mirrors itself is republished by nobody (PROTOCOL section 6.1): one level of `origin`, never more.
    return object.origin === undefined && filter(object) ? object : undefined
  }

  function isSeriesChosen(id: string): Promise<boolean> {
    const known = seriesChosen.get(id) ?? chosen('series', id).then((series) => series !== undefined)
    seriesChosen.set(id, known)
    return known
  }

  return {
    async find(kind, id) {
      const origin = await chosen(kind, id)
      if (!origin) return undefined
      const place = { kind, id: republishedId(serverName, kind, id), mirrorOf: serverName, origin }
      if (kind === 'series') return { ...place, seriesId: undefined }
      const seriesId = origin.series_id as string
      if (!(await isSeriesChosen(seriesId))) return undefined
      return { ...place, seriesId: republishedId(serverName, 'series', seriesId) }
    },
  }
}
