import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { type Place, PREFIX } from './adapter-site.ts'
import { isNotFoundOfSite } from './expectations.ts'
import { API, SERVER_NAME, type Workbench } from './workbench.ts'

/** Where the adapter can be on a site, and where the API can be. */
export function placeCases(without: Partial<Record<Place, string | undefined>>): Case<Workbench>[] {
  return [
    {
      name: 'the API lies under the path of the server name',
      run: (bench) => servesUnder(bench, 'root', { serverName: PREFIXED_NAME }, `${PREFIX}${API}`),
    },
    ...(['prefix', 'sub-app'] as const).map((place) => ({
      name: `mounted as ${place}, the API and the well-known file are where the server name says`,
      skip: without[place],
      run: (bench: Workbench) => servesUnder(bench, place, { serverName: PREFIXED_NAME }, `${PREFIX}${API}`),
    })),
    {
      name: 'behind a proxy that changes paths, the API lies where requests arrive',
      run: (bench) => servesUnder(bench, 'root', { mountPath: '/inner/api' }, '/inner/api'),
    },
  ]
}

const PREFIXED_NAME = SERVER_NAME.replace(API, `${PREFIX}${API}`)

function servesUnder(
  bench: Workbench,
  place: Place,
  federation: { readonly serverName?: string; readonly mountPath?: string },
  path: string,
): Promise<void> {
  const { serverName = SERVER_NAME } = federation
  return bench.withSite({ place, federation }, async ({ ask }) => {
    const wellKnown = await ask('GET', '/.well-known/manga/servers')
    assert.equal(wellKnown.status, 200)
    assert.match(wellKnown.body.toString(), new RegExp(`"primary":"${serverName}"`))
    for (const target of [
      '/keys',
      '/keys/',
      '/manga/series?limit=2',
      `/manga/series/origin/${encodeURIComponent(serverName)}`,
    ]) {
      for (const method of ['GET', 'HEAD']) assert.equal((await ask(method, path + target)).status, 200, path + target)
    }
    assert.equal((await ask('DELETE', `${path}/manga/series`)).status, 405)
    isNotFoundOfSite(await ask('GET', path === API ? '/keys' : `${API}/keys`))
  })
}
