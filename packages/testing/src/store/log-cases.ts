import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { type LogChange, append, entryBytes, logCommit, logOf, nodeBytes, textOf } from './log-samples.ts'
import { NOW_TS, ORIGIN, OTHER_ORIGIN, bytesOf, chapter, idsOf, series } from './samples.ts'

/** Enough to meet each order of puts and deletes, few enough for a database that writes to a disk. */
const RUNS = 25

/** The most entries of a page. */
const MAX_LIMIT = 256

const A = { kind: 'series', id: 'a' } as const

export const logCases: readonly Case<Store>[] = [
  {
    name: 'log: of a catalog that nothing is known of there is no head, no entry and no node',
    run: async ({ log }) => {
      assert.equal(await log.head(ORIGIN), undefined)
      assert.deepEqual(await log.page(ORIGIN, { since: 0, limit: 10, maxBytes: 1000 }), {
        head: undefined,
        entries: [],
      })
      assert.equal(await log.replaceHead(ORIGIN, 0, bytesOf('head')), false)
      assert.deepEqual(await log.nodes(ORIGIN, []), [])
      await assert.rejects(log.nodes(ORIGIN, [{ level: 0, index: 0 }]), { code: 'store_damaged' })
    },
  },
  {
    name: 'log: entries come back in order, with the bodies of current objects and no others',
    run: async (store) => {
      await append(store, [{ put: series('a') }, { put: series('b') }, { put: chapter('a', 'a') }])
      await append(store, [{ put: series('a', { revision: 2, bytes: bytesOf('changed') }) }])
      await append(store, [{ remove: { kind: 'series', id: 'b' } }, { omit: { kind: 'series', id: 'c' } }])
      assert.deepEqual(await logOf(store), [
        ['entry 0'],
        ['entry 1'],
        ['entry 2', 'chapter a'],
        ['entry 3', 'changed'],
        ['entry 4'],
        ['entry 5'],
      ])
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'a'), bytesOf('changed'))
      assert.deepEqual(await idsOf(store, 'series'), ['a'])
    },
  },
  {
    name: 'log: a put for an entry from before adds the body that it lacked',
    run: async (store) => {
      await append(store, [{ put: series('a') }, { omit: A }, { put: series('b') }])
      const late = series('a', { revision: 2, bytes: bytesOf('late'), seq: 1 })
      for (const time of ['once', 'once more']) {
        assert.ok(await store.catalog.commit(ORIGIN, { ...logCommit(3, []), puts: [late] }), time)
        assert.deepEqual(await logOf(store), [['entry 0'], ['entry 1', 'late'], ['entry 2', 'series b']], time)
      }
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'a'), bytesOf('late'))
      assert.equal((await store.catalog.state(ORIGIN)).size, 3)
    },
  },
  {
    name: 'log: a page starts at `since`, however large, and holds at most `limit` entries',
    run: async (store) => {
      const count = MAX_LIMIT + 44
      await append(
        store,
        Array.from({ length: count }, (_, index) => ({ put: series(`s${index}`) })),
      )
      const firstAndCount = async (since: number, limit: number): Promise<[string | undefined, number]> => {
        const { entries } = await store.log.page(ORIGIN, { since, limit, maxBytes: 1_000_000 })
        return [entries[0] && textOf(entries[0].bytes), entries.length]
      }
      assert.deepEqual(await firstAndCount(0, MAX_LIMIT), ['entry 0', MAX_LIMIT])
      assert.deepEqual(await firstAndCount(MAX_LIMIT, MAX_LIMIT), [`entry ${MAX_LIMIT}`, 44])
      assert.deepEqual(await firstAndCount(7, 1), ['entry 7', 1])
      for (const since of [count, count + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        assert.deepEqual(await firstAndCount(since, MAX_LIMIT), [undefined, 0], `since ${since}`)
      }
    },
  },
  {
    name: 'log: `maxBytes` counts headers and bodies, and one entry is returned however large it is',
    run: async (store) => {
      const changes = ['a', 'b', 'c'].map((id) => ({ put: series(id, { bytes: new Uint8Array(1000) }) }))
      await append(store, [...changes, { omit: A }, { omit: A }])
      const countOf = async (since: number, maxBytes: number): Promise<number> =>
        (await store.log.page(ORIGIN, { since, limit: 10, maxBytes })).entries.length
      const entry = 1000 + entryBytes(0).length
      assert.equal(await countOf(0, 0), 1)
      assert.equal(await countOf(0, 2 * entry - 1), 1)
      assert.equal(await countOf(0, 2 * entry), 2)
      assert.equal(await countOf(2, entry + entryBytes(3).length), 2)
      assert.equal(await countOf(0, 5000), 5)
    },
  },
  {
    name: 'commit: where there is a log, the size rises by its entries',
    run: async (store) => {
      assert.deepEqual(await append(store, [{ put: series('a') }, { omit: A }, { omit: A }]), {
        size: 3,
        changedTs: NOW_TS,
      })
      assert.equal((await append(store, [{ remove: A }])).size, 4)
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 4, changedTs: NOW_TS })
    },
  },
  {
    name: 'commit: one that is refused, or that fails half way, adds neither entries nor a head',
    run: async (store) => {
      await append(store, [{ put: series('a') }], { head: bytesOf('head') })
      const late = logCommit(0, [{ put: series('b') }], { head: bytesOf('late') })
      assert.equal(await store.catalog.commit(ORIGIN, late), undefined)
      const impossible = series('c', { contentHash: null as unknown as Uint8Array })
      const changes = [{ put: series('b') }, { remove: A }, { put: impossible }]
      await assert.rejects(store.catalog.commit(ORIGIN, logCommit(1, changes, { head: bytesOf('impossible') })))
      assert.deepEqual(await logOf(store), [['entry 0', 'series a']])
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('head'))
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 1, changedTs: NOW_TS })
    },
  },
  {
    name: 'head: a commit without one leaves it, and one with nothing else replaces it',
    run: async (store) => {
      await append(store, [{ put: series('a') }], { head: bytesOf('first') })
      await append(store, [{ put: series('b') }])
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('first'))
      const onlyHead = { ...logCommit(2, [], { head: bytesOf('second') }), changedTs: NOW_TS + 1 }
      assert.deepEqual(await store.catalog.commit(ORIGIN, onlyHead), { size: 2, changedTs: NOW_TS })
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('second'))
      const { head, entries } = await store.log.page(ORIGIN, { since: 0, limit: 1, maxBytes: 1000 })
      assert.deepEqual([head, entries.length], [bytesOf('second'), 1])
    },
  },
  {
    name: 'head: an empty log has one too',
    run: async (store) => {
      assert.deepEqual(await append(store, [], { head: bytesOf('empty') }), { size: 0, changedTs: 0 })
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('empty'))
      assert.equal((await append(store, [{ put: series('a') }])).size, 1)
    },
  },
  {
    name: 'replaceHead: as long as the log has that size',
    run: async (store) => {
      await append(store, [{ put: series('a') }], { head: bytesOf('first') })
      assert.equal(await store.log.replaceHead(ORIGIN, 1, bytesOf('again')), true)
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('again'))
      for (const size of [0, 2]) assert.equal(await store.log.replaceHead(ORIGIN, size, bytesOf('other')), false)
      assert.equal(await store.log.replaceHead(OTHER_ORIGIN, 1, bytesOf('other')), false)
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('again'))
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 1, changedTs: NOW_TS })
    },
  },
  {
    name: 'nodes: each complete subtree, in the order asked for',
    run: async (store) => {
      const size = 13
      await append(
        store,
        Array.from({ length: size }, () => ({ omit: A })),
      )
      await append(store, [{ omit: A }], { origin: OTHER_ORIGIN })
      const positions = [0, 1, 2, 3].flatMap((level) =>
        Array.from({ length: Math.floor(size / 2 ** level) }, (_, index) => ({ level, index })),
      )
      for (const order of [positions, positions.toReversed()]) {
        assert.deepEqual(
          await store.log.nodes(ORIGIN, order),
          order.map(({ level, index }) => nodeBytes(level, index)),
        )
      }
    },
  },
  {
    name: 'nodes: one that the log does not have is damage',
    run: async (store) => {
      await append(store, [{ omit: A }, { omit: A }, { omit: A }])
      await append(store, [{ omit: A }, { omit: A }], { origin: OTHER_ORIGIN })
      const missing = [
        { level: 0, index: 3 },
        { level: 1, index: 1 },
        { level: 2, index: 0 },
        // Where a store might hold one log behind the other, these are of another one.
        ...[31, 32, 33, 40, 52].map((bits) => ({ level: 0, index: 2 ** bits })),
        { level: 52, index: 0 },
      ]
      for (const position of missing) {
        const asked = store.log.nodes(ORIGIN, [{ level: 0, index: 0 }, position])
        await assert.rejects(asked, { code: 'store_damaged' }, JSON.stringify(position))
      }
    },
  },
  {
    name: 'log: the logs of two origins know nothing of each other',
    run: async (store) => {
      await append(store, [{ put: series('a') }], { head: bytesOf('ours') })
      await append(store, [{ put: series('a', { bytes: bytesOf('theirs') }) }, { omit: A }], { origin: OTHER_ORIGIN })
      await append(store, [{ remove: A }])
      assert.deepEqual(await logOf(store), [['entry 0'], ['entry 1']])
      assert.deepEqual(await logOf(store, OTHER_ORIGIN), [['entry 0', 'theirs'], ['entry 1']])
      assert.equal(await store.log.head(OTHER_ORIGIN), undefined)
      assert.equal((await store.catalog.state(OTHER_ORIGIN)).size, 2)
    },
  },
  {
    name: 'log: what the caller does to arrays that it gave or got changes nothing in the store',
    run: async (store) => {
      const head = bytesOf('head')
      const given = logCommit(0, [{ put: series('a') }], { head })
      await store.catalog.commit(ORIGIN, given)
      for (const { bytes, nodes } of given.log!.entries) for (const array of [bytes, nodes]) array.fill(0)
      head.fill(0)
      const again = bytesOf('again')
      const page = await store.log.page(ORIGIN, { since: 0, limit: 1, maxBytes: 1000 })
      assert.deepEqual(page.head, bytesOf('head'))
      await store.log.replaceHead(ORIGIN, 1, again)
      again.fill(0)
      for (const { bytes, body } of page.entries) for (const array of [bytes, body]) array?.fill(0)
      for (const node of await store.log.nodes(ORIGIN, [{ level: 0, index: 0 }])) node.fill(0)
      ;(await store.log.head(ORIGIN))?.fill(0)
      assert.deepEqual(await logOf(store), [['entry 0', 'series a']])
      assert.deepEqual(await store.log.nodes(ORIGIN, [{ level: 0, index: 0 }]), [nodeBytes(0, 0)])
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('again'))
    },
  },
  {
    name: 'log: whatever was put and deleted, an entry has its body if and only if that is the current one',
    run: (store) => {
      const histories = fc.array(
        fc.uniqueArray(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), isPut: fc.boolean() }), {
          selector: ({ id }) => id,
        }),
        { maxLength: 8 },
      )
      let run = 0
      return fc.assert(
        fc.asyncProperty(histories, async (commits) => {
          const origin = `https://site-${run++}.example.com/v1`
          const current = new Map<string, number>()
          let size = 0
          for (const changes of commits) {
            const logChanges = changes.map(({ id, isPut }, index): LogChange => {
              if (isPut) current.set(id, size + index)
              else current.delete(id)
              const bytes = bytesOf(`body ${size + index}`)
              return isPut ? { put: series(id, { bytes }) } : { remove: { kind: 'series', id } }
            })
            size += changes.length
            assert.equal((await append(store, logChanges, { origin })).size, size)
          }
          const expected = Array.from({ length: size }, (_, seq) =>
            [...current.values()].includes(seq) ? [`entry ${seq}`, `body ${seq}`] : [`entry ${seq}`],
          )
          assert.deepEqual(await logOf(store, origin), expected)
        }),
        { numRuns: RUNS },
      )
    },
  },
]
