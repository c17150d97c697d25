import { type Call, ERROR_SCHEMA, type FederationResponse, type Route } from '../http/index.ts'
import {
  type Authentication,
  jsonAnswer,
  NAME_SCHEMA,
  senderEnteringItself,
  senderLeaving,
  SIGNED_RESPONSES,
} from '../peers/index.ts'
import { wireState } from './balancer-state.ts'
import type { Balancers } from './balancers.ts'
import { notRegistered } from './registry.ts'

/** What the routes of load balancers work with. */
export interface BalancerServing extends Authentication {
  readonly balancers: Balancers
}

const PATH = '/load-balancer'

const STATE_SCHEMA = {
  type: 'object',
  required: ['server_name', 'state'],
  properties: {
    server_name: { type: 'string' },
    state: { enum: ['pending', 'success', 'error', 'deleted'] },
    error: {
      ...ERROR_SCHEMA,
      properties: {
        error_code: { enum: ['E100', 'E101', 'E102', 'E103', 'E104', 'E105'] },
        message: { type: 'string' },
      },
    },
  },
} as const

/** PROTOCOL section 7. */
export const balancerRoutes: readonly Route<BalancerServing>[] = [
  {
    method: 'POST',
    base: 'api',
    path: PATH,
    documentation: {
      summary: 'Register as a load balancer of this server',
      description:
        'Signed by the server that registers. It is advertised while it holds the entire catalog, in some cases not ' +
        'before the operator of this server approves. Registering again changes nothing.',
      body: NAME_SCHEMA,
      responses: {
        201: { description: 'Registered', schema: NAME_SCHEMA },
        ...SIGNED_RESPONSES,
      },
    },
    handle: register,
  },
  {
    method: 'GET',
    base: 'api',
    path: `${PATH}/*`,
    documentation: {
      summary: 'What became of a registration',
      serverName: 'The server that registered',
      responses: {
        200: { description: 'Its state, and what is wrong with it', schema: STATE_SCHEMA },
        404: { description: 'It never registered', schema: ERROR_SCHEMA },
      },
    },
    handle: tell,
  },
  {
    method: 'DELETE',
    base: 'api',
    path: `${PATH}/*`,
    documentation: {
      summary: 'End a registration',
      description: 'Signed by the server that registered.',
      serverName: 'The server that registered',
      responses: { 204: { description: 'It is registered no more' }, ...SIGNED_RESPONSES },
    },
    handle: unregister,
  },
]

async function register(parts: BalancerServing, call: Call): Promise<FederationResponse> {
  const sender = await senderEnteringItself(parts, call, PATH, parts.balancers.admit)
  await parts.balancers.register(sender)
  return jsonAnswer(201, { server_name: sender })
}

async function tell({ balancers }: BalancerServing, { serverName = '' }: Call): Promise<FederationResponse> {
  const known = await balancers.get(serverName)
  if (!known) throw notRegistered(serverName)
  return jsonAnswer(200, wireState(known))
}

async function unregister(parts: BalancerServing, call: Call): Promise<FederationResponse> {
  const sender = await senderLeaving(parts, call, PATH)
  await parts.balancers.unregister(sender)
  return { status: 204, headers: { 'cache-control': 'no-store' }, body: undefined }
}
