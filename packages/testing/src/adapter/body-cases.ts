import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import type { Case } from '../case.ts'
import type { Parser } from './adapter-site.ts'
import { json } from './expectations.ts'
import { openRequest, type Sending } from './http-client.ts'
import { API, type SiteUnderTest, type Workbench } from './workbench.ts'

/** A route that reads a body and asks for nothing: no servers, no keys (PROTOCOL section 5.2). */
const TARGET = `${API}/keys`
const EMPTY_QUESTION = Buffer.from('{"server_keys":{}}')
const ANSWER = '{"server_keys":[]}'

/** More than any route reads. */
const TOO_LARGE = Buffer.alloc(8 * 1024 * 1024, ' ')

const JSON_TYPE = { 'content-type': 'application/json' }

/** What is sent, and the code of the refusal; undefined when the body is read and answered. */
interface BodyRow {
  readonly what: string
  readonly sending: Sending
  readonly refused?: readonly [status: number, code: string]
}

const BODY_WITH_LENGTH: BodyRow = {
  what: 'a body with its length',
  sending: { headers: JSON_TYPE, body: [EMPTY_QUESTION] },
}

const CHUNKED_BODY: BodyRow = {
  what: 'a chunked body',
  sending: { headers: JSON_TYPE, body: [EMPTY_QUESTION.subarray(0, 5), EMPTY_QUESTION.subarray(5)] },
}

/** Why a case does not apply. */
type Without = Partial<Record<Parser | 'keeps chunked bytes', string>>

/** A parser would let these pass or mend them; the raw bytes show what they are. */
const NOT_STRICT: readonly BodyRow[] = [
  {
    what: 'a duplicate key',
    sending: { headers: JSON_TYPE, body: [Buffer.from('{"server_keys":{},"server_keys":{}}')] },
    refused: [400, 'invalid_json'],
  },
  {
    what: 'a fraction',
    sending: { headers: JSON_TYPE, body: [Buffer.from('{"server_keys":{},"x":1.0}')] },
    refused: [400, 'invalid_json'],
  },
]

const BROKEN: readonly BodyRow[] = [
  {
    what: 'invalid UTF-8',
    sending: { headers: JSON_TYPE, body: [Buffer.from('7b2261223a22ff227d', 'hex')] },
    refused: [400, 'invalid_json'],
  },
  {
    what: 'a byte-order mark',
    sending: { headers: JSON_TYPE, body: [Buffer.from(`\uFEFF${EMPTY_QUESTION.toString()}`)] },
    refused: [400, 'invalid_json'],
  },
  { what: 'no body', sending: { headers: JSON_TYPE }, refused: [400, 'invalid_json'] },
  {
    what: 'a compressed body',
    sending: { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: [gzipSync(EMPTY_QUESTION)] },
    refused: [415, 'body_encoding'],
  },
  {
    what: 'a body that is announced as too large',
    sending: { headers: JSON_TYPE, body: [TOO_LARGE] },
    refused: [413, 'body_too_large'],
  },
  {
    what: 'a chunked body that grows too large',
    sending: { headers: JSON_TYPE, body: [TOO_LARGE.subarray(1), TOO_LARGE] },
    refused: [413, 'body_too_large'],
  },
]

/** Bodies, with and without a parser of the site's before the adapter. */
export function bodyCases(without: Without): Case<Workbench>[] {
  return [
    ...[BODY_WITH_LENGTH, CHUNKED_BODY, ...NOT_STRICT, ...BROKEN].map((row) => bodyCase('none', row, without)),
    ...[BODY_WITH_LENGTH, ...NOT_STRICT].map((row) => bodyCase('keeps bytes', row, without)),
    {
      ...bodyCase('keeps bytes', CHUNKED_BODY, without),
      skip: without['keeps bytes'] ?? without['keeps chunked bytes'],
    },
    {
      name: 'a parser that keeps nothing: the answer says what to change, at once',
      skip: without['keeps nothing'],
      run: (bench) =>
        bench.withSite({ parser: 'keeps nothing' }, async ({ ask }) => {
          const refused = await ask('POST', TARGET, { headers: JSON_TYPE, body: [EMPTY_QUESTION] })
          assert.deepEqual([refused.status, json(refused).error_code], [501, 'body_already_parsed'])
          assert.match(String(json(refused).message), /mangaFederation/)
        }),
    },
    {
      name: 'a body that ends half way leaves the site as it was',
      run: (bench) =>
        bench.withSite({}, async (site) => {
          await sendHalf(site)
          assert.equal((await site.ask('POST', TARGET, { headers: JSON_TYPE, body: [EMPTY_QUESTION] })).status, 200)
        }),
    },
  ]
}

function bodyCase(parser: Parser, { what, sending, refused }: BodyRow, without: Without): Case<Workbench> {
  return {
    name: `${what}, parser before the adapter: ${parser}`,
    skip: without[parser],
    run: (bench) =>
      bench.withSite({ parser }, async ({ ask }) => {
        const answer = await ask('POST', TARGET, sending)
        if (refused) assert.deepEqual([answer.status, json(answer).error_code], refused)
        else assert.deepEqual([answer.status, answer.body.toString()], [200, ANSWER])
      }),
  }
}

async function sendHalf({ url }: SiteUnderTest): Promise<void> {
  const request = openRequest(url, 'POST', TARGET, { ...JSON_TYPE, 'content-length': EMPTY_QUESTION.byteLength })
  // Not once(): the connection is cut on purpose.
  const closed = new Promise((resolve) => request.on('close', resolve))
  await new Promise<void>((resolve) => request.write(EMPTY_QUESTION.subarray(0, 5), () => resolve()))
  request.destroy()
  await closed
}
