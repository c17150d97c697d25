import type { Test } from 'tap'
import { chaptersAfter } from './changes.ts'
import type { Site } from './site.ts'
import { type Header, readDatabase, type StoredCatalog } from './stored.ts'

/**
 * Expects of two sites that were stopped: the follower has the whole log and all objects of the origin byte for byte,
 * and nothing else; the origin has published its database, each change once and in order.
 *
 * @param changes - how many changes the origin's database has seen.
 */
export async function expectNothingLost(t: Test, origin: Site, follower: Site, changes: number): Promise<void> {
  const published = await readDatabase(origin.databasePath, origin.serverName)
  const mirrored = await readDatabase(follower.databasePath, origin.serverName)
  expectSameCatalog(t, mirrored, published)
  t.equal(published.log.length, published.head.size, 'the log has as many entries as its head says')
  const chapters = [...published.objects.keys()].filter((key) => key.startsWith('chapter '))
  t.strictSame(
    chapters.sort(),
    chaptersAfter(changes)
      .map((id) => `chapter ${id}`)
      .sort(),
    'they are the database’s',
  )
  expectEachChangeOnce(t, published)
}

/** Expects of a follower to have what was published, byte for byte. */
export function expectSameCatalog(t: Test, mirrored: StoredCatalog, published: StoredCatalog): void {
  t.strictSame(mirrored.head, published.head, 'size and root are the same')
  t.equal(firstDifference(mirrored.log, published.log), undefined, 'all entries and bodies are the same')
  t.equal(firstDifference([...mirrored.objects], [...published.objects]), undefined, 'all objects are the same')
}

/** Expects each object's versions to follow each other without gap or repetition, and only what is there to be deleted. */
export function expectEachChangeOnce(t: Test, { headers }: StoredCatalog): void {
  const last = new Map<string, Header>()
  const wrong = headers.find((header, place) => {
    const key = `${header.kind} ${header.id}`
    const before = last.get(key)
    last.set(key, header)
    const revision = before?.revision ?? 0
    const follows =
      header.op === 'put' ? header.revision === revision + 1 : header.revision === revision && before?.op === 'put'
    return header.seq !== place || !follows
  })
  t.equal(wrong, undefined, 'every change is in the log once and in order')
}

/** The first place where two lists differ. Comparing them whole would print them whole. */
function firstDifference(found: readonly unknown[], wanted: readonly unknown[]): object | undefined {
  const length = Math.max(found.length, wanted.length)
  const place = Array.from({ length }, (_, index) => index).find(
    (index) => JSON.stringify(found[index]) !== JSON.stringify(wanted[index]),
  )
  return place === undefined ? undefined : { place, found: found[place], wanted: wanted[place] }
}
