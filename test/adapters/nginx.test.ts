import { adapterSuite, type Capability } from '@manga-federation/testing'
import t from 'tap'
import { ADAPTERS } from './adapters.ts'
import { behindNginx, behindRewritingNginx, WITHOUT_NGINX } from './nginx.ts'

/** What nginx does in its own way. */
const BEHIND_NGINX: Partial<Record<Capability, string>> = {
  streaming: 'nginx reads on for its client',
  'raw targets': 'nginx refuses a path that cannot be decoded',
}

const BEHIND_REWRITING_NGINX: Partial<Record<Capability, string>> = {
  ...BEHIND_NGINX,
  prefix: 'the paths of the site are not those of the public',
  'sub-app': 'the paths of the site are not those of the public',
}

for (const { name, mount, without } of ADAPTERS) {
  t.test(`${name} behind nginx`, { skip: WITHOUT_NGINX ?? false }, async (t) => {
    const test = (sentence: string, run: () => Promise<void>): unknown => t.test(sentence, run)
    adapterSuite({ test, mount: behindNginx(mount), without: { ...without, ...BEHIND_NGINX } })
  })
  t.test(`${name} behind nginx that rewrites paths`, { skip: WITHOUT_NGINX ?? false }, async (t) => {
    const test = (sentence: string, run: () => Promise<void>): unknown => t.test(sentence, run)
    adapterSuite({ test, mount: behindRewritingNginx(mount), without: { ...without, ...BEHIND_REWRITING_NGINX } })
  })
}
