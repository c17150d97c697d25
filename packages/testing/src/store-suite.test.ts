import { memoryStore } from '@manga-federation/core'
import t from 'tap'
import { storeSuite } from './index.ts'

t.test('the in-memory store', async (t) => {
  storeSuite({ test: (name, run) => t.test(name, run), open: async () => memoryStore() })
})
