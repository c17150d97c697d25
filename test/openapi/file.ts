import { stringify } from 'yaml'
import { openApiDocument } from './document.ts'

/** The document that is kept in the repository. */
export const OPENAPI_FILE: URL = new URL('../../docs/openapi.yaml', import.meta.url)

/** What the file must hold. */
export function openApiText(): string {
  const text = stringify(openApiDocument(), { aliasDuplicateObjects: false, lineWidth: 120 })
  return `# Generated from the route table by \`pnpm run openapi\`.\n${text}`
}
