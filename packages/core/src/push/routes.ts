import {
  type Call,
  ERROR_SCHEMA,
  eventStreamResponse,
  type FederationResponse,
  integerParameter,
  type OpenStreams,
  type Route,
} from '../http/index.ts'
import type { JsonObject } from '../json/index.ts'
import { jsonAnswer, NAME_SCHEMA, senderEnteringItself, senderLeaving, SIGNED_RESPONSES } from '../peers/index.ts'
import type { Follower } from '../store/index.ts'
import type { Push } from './push.ts'
import { type Receiving, receiveTransaction } from './receiver.ts'

/** Where servers subscribe. */
const PATH = '/federation/followers'

/** What the routes of push work with. */
export interface PushServing extends Receiving {
  readonly push: Push
  readonly streams: OpenStreams
}

const SUBSCRIBED_SCHEMA = {
  type: 'object',
  required: ['server_name'],
  properties: { server_name: { type: 'string' }, error: ERROR_SCHEMA },
} as const

const SIZE_SCHEMA = {
  type: 'object',
  required: ['size'],
  properties: { size: { type: 'integer', minimum: 0 } },
} as const

const TRANSACTION_SCHEMA = {
  type: 'object',
  required: ['origin', 'start', 'entries', 'bodies', 'head', 'proof'],
  properties: {
    origin: { type: 'string' },
    start: { type: 'integer', minimum: 0 },
    entries: { type: 'array', items: { type: 'object' } },
    bodies: { type: 'object', additionalProperties: { type: 'object' } },
    head: { type: 'object' },
    proof: { type: 'array', items: { type: 'string' } },
  },
} as const

/** PROTOCOL section 10. */
export const pushRoutes: readonly Route<PushServing>[] = [
  {
    method: 'POST',
    base: 'api',
    path: PATH,
    documentation: {
      summary: 'Subscribe to the changes of this server',
      description:
        'Signed by the server that subscribes. Asking again changes nothing, and lets a failed delivery be tried again.',
      body: NAME_SCHEMA,
      responses: {
        201: { description: 'Subscribed; with `error` while nothing can be delivered', schema: SUBSCRIBED_SCHEMA },
        ...SIGNED_RESPONSES,
      },
    },
    handle: subscribe,
  },
  {
    method: 'DELETE',
    base: 'api',
    path: `${PATH}/*`,
    documentation: {
      summary: 'End a subscription',
      description: 'Signed by the server that subscribed.',
      serverName: 'The server that subscribed',
      responses: { 204: { description: 'It is subscribed no more' }, ...SIGNED_RESPONSES },
    },
    handle: unsubscribe,
  },
  {
    method: 'PUT',
    base: 'api',
    path: '/federation/send/{id}',
    documentation: {
      summary: 'Push changes of a followed server',
      description: 'Signed by that server. At most 50 entries and 4 MiB of its own log.',
      segment: 'The id of the transaction, derived from its content',
      body: TRANSACTION_SCHEMA,
      responses: {
        200: { description: 'Stored, now or before; how many entries are held', schema: SIZE_SCHEMA },
        409: { description: 'Not at `start`; how many entries are held', schema: SIZE_SCHEMA },
        422: { description: 'The page is refused, and nothing of it was stored', schema: ERROR_SCHEMA },
        ...SIGNED_RESPONSES,
      },
    },
    handle: receiveTransaction,
  },
  {
    method: 'GET',
    base: 'api',
    path: '/manga/log/events',
    documentation: {
      summary: 'The heads of the log of this server, as they come',
      description: 'Server-sent events named `head`, whose id is the size of the log, and a comment every 15 s.',
      query: {
        since: {
          description: 'Only heads of more entries; `Last-Event-ID` goes before it. Without both the present head too.',
          schema: { type: 'integer', minimum: 0 },
        },
      },
      responses: {
        200: { description: 'A stream of `text/event-stream`' },
        400: { description: 'A parameter is wrong', schema: ERROR_SCHEMA },
        429: { description: 'Too many streams are open', schema: ERROR_SCHEMA },
      },
    },
    handle: serveEvents,
  },
]

async function subscribe(parts: PushServing, call: Call): Promise<FederationResponse> {
  const sender = await senderEnteringItself(parts, call, PATH)
  return jsonAnswer(201, subscribed(await parts.push.subscribe(sender)))
}

/** The reason why a delivery failed stays here: it tells of this server's network. */
function subscribed({ serverName, failingSinceTs }: Follower): JsonObject {
  if (failingSinceTs === undefined) return { server_name: serverName }
  const message =
    'Nothing can be delivered to this server; it is tried again. Read the events at /manga/log/events meanwhile.'
  return { server_name: serverName, error: { error_code: 'unreachable', message } }
}

async function unsubscribe(parts: PushServing, call: Call): Promise<FederationResponse> {
  await parts.push.unsubscribe(await senderLeaving(parts, call, PATH))
  return { status: 204, headers: { 'cache-control': 'no-store' }, body: undefined }
}

function serveEvents({ push, streams }: PushServing, { request, query }: Call): FederationResponse {
  const { clientAddress } = request
  const since = sinceOf(request.headers['last-event-id'], query)
  push.events.requireRoom(clientAddress)
  return eventStreamResponse(streams.open((signal) => push.events.read(since, clientAddress, signal)))
}

/** What a client that lost its connection had last goes before what it began with. */
function sinceOf(lastEventId: string | readonly string[] | undefined, query: URLSearchParams): number {
  if (typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId)) return Number(lastEventId)
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER, code: 'invalid_parameter' } as const
  return integerParameter(query, 'since', range) ?? -1
}
