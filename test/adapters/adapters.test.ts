import { adapterSuite } from '@manga-federation/testing'
import t from 'tap'
import { createExchangeCheck } from '../openapi/check-exchange.ts'
import { ADAPTERS } from './adapters.ts'

const onExchange = createExchangeCheck()

for (const { name, mount, without } of ADAPTERS) {
  t.test(name, async (t) =>
    adapterSuite({ test: (sentence, run) => t.test(sentence, run), mount, without, onExchange }),
  )
}
