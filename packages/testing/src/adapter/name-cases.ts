import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { json } from './expectations.ts'
import { API, SERVER_NAME, type Workbench } from './workbench.ts'

const OWN = encodeURIComponent(SERVER_NAME)
const LONGEST = `https://manga.example.com/${'a'.repeat(226)}/v1`

/** Spellings of a server name in a path; PROTOCOL section 1 says what becomes of each. */
const SPELLINGS: readonly (readonly [spelling: string, status: number, code?: string])[] = [
  [OWN, 200],
  [`${OWN}/`, 200],
  [`${OWN}?limit=1`, 200],
  [OWN.replaceAll('%2F', '%2f').replaceAll('%3A', '%3a'), 200],
  [SERVER_NAME, 200],
  [`${SERVER_NAME}/?limit=1`, 200],
  [SERVER_NAME.replace('//', '/'), 200],
  [encodeURIComponent(SERVER_NAME.replace('//', '/')), 200],
  [encodeURIComponent(OWN), 400, 'invalid_server_name'],
  ['nonsense', 400, 'invalid_server_name'],
  [encodeURIComponent(SERVER_NAME.replace('manga', 'MANGA')), 400, 'invalid_server_name'],
  [encodeURIComponent(LONGEST), 404, 'not_mirrored'],
  [encodeURIComponent(`${LONGEST}a`.replace('/v1a', 'a/v1')), 400, 'invalid_server_name'],
]

/** Spellings that proxies refuse by themselves. */
const BROKEN: typeof SPELLINGS = [
  ['%', 400, 'invalid_server_name'],
  ['%FF', 400, 'invalid_server_name'],
  ['%00', 400, 'invalid_server_name'],
]

/** Server names at the end and in the middle of a path, which routers and proxies decode each in its own way. */
export function nameCases(withoutRawTargets: string | undefined): Case<Workbench>[] {
  return [
    { name: 'a server name in the path is read once, however it is spelled', run: (bench) => check(bench, SPELLINGS) },
    {
      name: 'a server name that is not text is refused',
      skip: withoutRawTargets,
      run: (bench) => check(bench, BROKEN),
    },
  ]
}

function check(bench: Workbench, spellings: typeof SPELLINGS): Promise<void> {
  return bench.withSite({}, async ({ ask }) => {
    for (const route of ['series/origin/*', 'chapters/origin/*', 'log/origin/*/head', 'log/origin/*/entries']) {
      for (const [spelling, status, code] of spellings) {
        const target = targetOf(`${API}/manga/${route}`, spelling)
        const answer = await ask('GET', target)
        assert.equal(answer.status, status, `${target}: ${answer.body.toString()}`)
        if (code !== undefined) assert.equal(json(answer).error_code, code, target)
      }
    }
  })
}

/** What is written behind a name comes at the end of the target, wherever the name stands. */
function targetOf(path: string, spelling: string): string {
  const [, name = '', behind = ''] = /^(.*?)(\/?(?:\?.*)?)$/.exec(spelling) ?? []
  return path.replace('*', name) + behind
}
