import { atMost, type Environment } from '../environment.ts'
import {
  type Call,
  type FederationResponse,
  integerParameter,
  type JsonSchema,
  type Route,
  serveDocument,
} from '../http/index.ts'
import { allowanceOf, type WorkLimits } from '../limits/index.ts'
import { isServerName, type ServerNameOptions } from '../names/index.ts'
import type { OwnKeys } from './own-keys.ts'
import { serverKeysResponse } from './server-keys.ts'
import type { Witness } from './witness.ts'
import { MAX_QUERY_BYTES, readWitnessQuery } from './witness-query.ts'

/** Time for all servers of one question; what is not there by then is answered without (PROTOCOL section 5.2). */
const MAX_QUERY_TIME_MS = 20_000

/** What the key routes work with. */
export interface KeyServing {
  readonly keys: OwnKeys
  readonly witness: Witness
  readonly limits: WorkLimits
  readonly names: ServerNameOptions
  readonly environment: Environment
}

const KEYS_SCHEMA = {
  type: 'object',
  additionalProperties: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } },
} as const

const KEY_DOCUMENT_SCHEMA = {
  type: 'object',
  required: ['server_name', 'verify_keys', 'valid_until_ts', 'signatures'],
  properties: {
    server_name: { type: 'string' },
    verify_keys: KEYS_SCHEMA,
    old_verify_keys: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['key', 'expired_ts'],
        properties: { key: { type: 'string' }, expired_ts: { type: 'integer' } },
      },
    },
    valid_until_ts: { type: 'integer' },
    signatures: { type: 'object', additionalProperties: { type: 'object', additionalProperties: { type: 'string' } } },
  },
} as const

const SERVER_KEYS_SCHEMA = {
  type: 'object',
  required: ['server_keys'],
  properties: { server_keys: { type: 'array', items: KEY_DOCUMENT_SCHEMA } },
} as const

const QUERY_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['server_keys'],
  properties: {
    server_keys: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: {
          type: 'object',
          properties: { minimum_valid_until_ts: { type: 'integer', minimum: 0 } },
        },
      },
    },
  },
}

const ERROR_RESPONSES = {
  400: { description: 'The question is wrong' },
  429: { description: 'This server asks no more others on behalf of this address for now' },
} as const

/** PROTOCOL section 5, the older spelling of the witness routes included. */
export const keyRoutes: readonly Route<KeyServing>[] = [
  {
    method: 'GET',
    base: 'api',
    path: '/keys',
    documentation: {
      summary: 'The keys of this server',
      description: 'Signed by every key in `verify_keys`.',
      responses: { 200: { description: 'The key document', schema: KEY_DOCUMENT_SCHEMA } },
    },
    handle: ({ keys }, { request }) => serveDocument(request, keys.document()),
  },
  witnessOne('/keys/origin/*'),
  witnessOne('/keys/query/*'),
  witnessMany('/keys'),
  witnessMany('/keys/query'),
]

function witnessOne(path: string): Route<KeyServing> {
  return {
    method: 'GET',
    base: 'api',
    path,
    documentation: {
      summary: 'The keys of another server, witnessed',
      serverName: 'The server whose keys are asked for',
      query: {
        minimum_valid_until_ts: {
          description: 'Ask the other server again when its document ends before this, in POSIX milliseconds.',
          schema: { type: 'integer', minimum: 0 },
        },
      },
      responses: {
        200: { description: 'Its document with our signature; none when none is known', schema: SERVER_KEYS_SCHEMA },
        ...ERROR_RESPONSES,
      },
    },
    handle: answerOne,
  }
}

function witnessMany(path: string): Route<KeyServing> {
  return {
    method: 'POST',
    base: 'api',
    path,
    documentation: {
      summary: 'The keys of several servers, witnessed',
      body: QUERY_SCHEMA,
      responses: {
        200: { description: 'The documents that are known, each with our signature', schema: SERVER_KEYS_SCHEMA },
        ...ERROR_RESPONSES,
      },
    },
    handle: answerMany,
  }
}

function answerOne(
  { witness, limits }: KeyServing,
  { request, query, serverName = '' }: Call,
): FederationResponse | Promise<FederationResponse> {
  const minimumValidUntilTs = integerParameter(query, 'minimum_valid_until_ts', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    code: 'invalid_parameter',
  })
  const allowance = allowanceOf(limits, request.clientAddress)
  const answer = (document: Uint8Array | undefined): FederationResponse => {
    // What is cached is served also to who may cause no more work.
    if (!document) allowance.throwIfRefused()
    return serverKeysResponse(document ? [document] : [])
  }
  const document = witness.witness(serverName, {
    ...(minimumValidUntilTs === undefined ? {} : { minimumValidUntilTs }),
    allow: () => allowance.take(serverName),
  })
  return document instanceof Promise ? document.then(answer) : answer(document)
}

async function answerMany(serving: KeyServing, { request }: Call): Promise<FederationResponse> {
  const query = readWitnessQuery(await request.body(MAX_QUERY_BYTES))
  const allowance = allowanceOf(serving.limits, request.clientAddress)
  // A name that is none cannot be known; one bad server never fails a batch.
  const asked = [...query].filter(([serverName]) => isServerName(serverName, serving.names))
  const documents: Uint8Array[] = []
  const all = asked.map(async ([serverName, { minimumValidUntilTs }]) => {
    const document = await serving.witness.witness(serverName, {
      ...(minimumValidUntilTs === undefined ? {} : { minimumValidUntilTs }),
      allow: () => allowance.take(serverName),
    })
    if (document) documents.push(document)
  })
  await atMost(Promise.all(all), MAX_QUERY_TIME_MS, serving.environment)
  if (documents.length === 0) allowance.throwIfRefused()
  return serverKeysResponse([...documents])
}
