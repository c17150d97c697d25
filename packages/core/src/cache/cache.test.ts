import { Keyv } from 'keyv'
import t from 'tap'
import { manualEnvironment } from '../test-environment.ts'
import { boundedCache as boundedOnNode } from './bounded-node.ts'
import { boundedCache as boundedElsewhere } from './bounded-portable.ts'
import { bestEffortCache, type Cache } from './index.ts'

const CACHES: readonly [string, (maxEntries: number) => Cache][] = [
  ['on Node', boundedOnNode],
  ['elsewhere', boundedElsewhere],
]

for (const [where, boundedCache] of CACHES) {
  t.test(`a bounded cache ${where} keeps the entries used last, as they are`, async (t) => {
    const cache = boundedCache(3)
    const value = { list: ['a'] }
    await cache.set('first', value, 1000)
    for (let i = 0; i < 100; i++) {
      await cache.set(`key ${i}`, i, 1000)
      t.equal(await cache.get('first'), value, 'the same object: nothing was serialized')
    }
    t.same(await Promise.all(['key 97', 'key 98', 'key 99'].map((key) => cache.get(key))), [undefined, 98, 99])
  })
}

t.test('on Node a bounded cache is a Keyv like any other', async (t) => {
  const cache = boundedOnNode(3)
  t.type(cache, Keyv)
  t.equal(await cache.set('a', 1, 1000), true)
  t.equal(await cache.has('a'), true)
  t.equal(await cache.delete('a'), true)
  await cache.set('b', 2)
  await cache.clear()
  t.same(await cache.getMany(['a', 'b']), [undefined, undefined])
})

t.test('kinds of values do not meet in one cache, nor with those of the site', async (t) => {
  const environment = manualEnvironment()
  const shared = new Keyv()
  const servers = bestEffortCache<string>(shared, { kind: 'servers:1', ttlMs: 1000, environment })
  const later = bestEffortCache<string>(shared, { kind: 'servers:2', ttlMs: 1000, environment })
  await shared.set('a.example', 'the site’s own')
  await servers.set('a.example', 'ours')
  t.equal(await later.get('a.example'), undefined)
  t.equal(await servers.get('a.example'), 'ours')
  t.equal(await shared.get('a.example'), 'the site’s own')
})
