import { createFederation, type JsonSchema, memoryStore, type MountedRoute } from '@manga-federation/core'

/** An OpenAPI 3.1 document, as far as it is written here. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: JsonSchema
  readonly servers: readonly JsonSchema[]
  readonly security: readonly JsonSchema[]
  readonly tags: readonly JsonSchema[]
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly responses: Record<string, Response> }
}

/** What a path does on one method. */
export interface Operation extends JsonSchema {
  readonly responses: Record<string, Response | { readonly $ref: string }>
}

/** What an answer holds. */
export interface Response {
  readonly description: string
  readonly content?: { readonly 'application/json': { readonly schema: JsonSchema } }
}

/** The name that the document's paths are written for. */
const SERVER_NAME = 'https://manga.example.com/v1'

/** What stands for the server name in a path. */
export const SERVER_NAME_PARAMETER = '{server_name}'

/** What stands for a plain segment in a path. */
export const SEGMENT_PARAMETER = '{id}'

/** PROTOCOL section 8: errors are the same everywhere. */
const ERROR: Response = {
  description: 'Why it was refused; `error_code` is one of those in docs/errors.md',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['error_code', 'message'],
        properties: { error_code: { type: 'string' }, message: { type: 'string' } },
        additionalProperties: false,
      },
    },
  },
}

/** Describes every route of the federation. */
export function openApiDocument(): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {}
  for (const mounted of routes()) {
    const path = mounted.path.replace('*', SERVER_NAME_PARAMETER)
    paths[path] = { ...paths[path], [mounted.route.method.toLowerCase()]: operation(mounted) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Federated Manga, server to server',
      version: '1',
      description:
        'Generated from the route table. Every read also answers `HEAD`; every path answers `OPTIONS`, and 405 with ' +
        '`Allow` to what it does not have. The paths are those of the server name https://manga.example.com/v1.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: 'https://{host}',
        description: 'The site of a server',
        variables: { host: { default: 'manga.example', description: 'The host of its server name' } },
      },
    ],
    security: [],
    tags: [{ name: 'Manga federation', description: 'What one server of the network asks of another' }],
    paths,
    components: { responses: { Error: ERROR } },
  }
}

function routes(): readonly MountedRoute<never>[] {
  const nothing = { listSeries: none, listChapters: none, getSeries: missing, getChapter: missing }
  return createFederation({ serverName: SERVER_NAME, catalog: nothing, store: async () => memoryStore() }).routes
}

async function none(): Promise<{ items: never[] }> {
  return { items: [] }
}

async function missing(): Promise<undefined> {}

function operation({ route, path }: MountedRoute<never>): Operation {
  const { summary, description, query = {}, body, serverName, segment, responses } = route.documentation
  const parameters = [
    ...(serverName === undefined ? [] : [serverNameParameter(serverName)]),
    ...(segment === undefined ? [] : [segmentParameter(segment)]),
    ...Object.entries(query).map(([name, parameter]) => ({ name, in: 'query', ...parameter })),
  ]
  const described = Object.entries(responses).map(([status, { description: what, schema }]) => {
    const content = Number(status) >= 400 ? ERROR.content : schema && { 'application/json': { schema } }
    return [status, { description: what, ...(content ? { content } : {}) }]
  })
  return {
    operationId: operationId(route.method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    tags: ['Manga federation'],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: {
      ...(route.method === 'GET' ? { 304: { description: 'The caller has this version already' } } : {}),
      ...Object.fromEntries(described),
      '4XX': { $ref: '#/components/responses/Error' },
      '5XX': { $ref: '#/components/responses/Error' },
    },
  }
}

function serverNameParameter(whose: string): JsonSchema {
  const description = `${whose}: its server name, percent-encoded as one segment`
  return pathParameter(SERVER_NAME_PARAMETER, description, { type: 'string' })
}

function segmentParameter(description: string): JsonSchema {
  return pathParameter(SEGMENT_PARAMETER, description, { type: 'string', pattern: '^[A-Za-z0-9._~-]{1,128}$' })
}

function pathParameter(inPath: string, description: string, schema: JsonSchema): JsonSchema {
  return { name: inPath.slice(1, -1), in: 'path', required: true, description, schema }
}

/** `getMangaSeriesOrigin`, of method and path. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/v1/, '').match(/[a-z]+(?![a-z]*})/g) ?? []
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}
