import { sha256 } from '../crypto/index.ts'
import { readyDocument, type ReadyDocument } from '../http/index.ts'
import { encodeBase64, encodeCanonical } from '../json/index.ts'

/** An hour: long enough to spare the origin, short enough that a new load balancer is found the same day. */
const WELL_KNOWN_CACHE_CONTROL = 'public, max-age=3600, stale-if-error=86400'

/** What this server tells of itself to whoever knows only its domain, or asks what it runs. */
export interface PublishedDocuments {
  /** PROTOCOL section 3. */
  readonly wellKnown: ReadyDocument
  /** PROTOCOL section 4. */
  readonly version: ReadyDocument
}

/** What software serves, as the version route tells it. */
export interface Software {
  readonly name: string
  readonly version: string
}

/** Makes the documents that tell of this server. */
export function publishDocuments(serverName: string, software: Software): PublishedDocuments {
  const wellKnown = encodeCanonical({ primary: serverName, 'load-balancers': [] })
  const version = encodeCanonical({
    server: { name: software.name, version: software.version },
    features: [],
  })
  return {
    wellKnown: readyDocument(wellKnown, { etag: etagOf(wellKnown), cacheControl: WELL_KNOWN_CACHE_CONTROL }),
    version: readyDocument(version, { etag: etagOf(version), cacheControl: WELL_KNOWN_CACHE_CONTROL }),
  }
}

function etagOf(bytes: Uint8Array): string {
  return `"${encodeBase64(sha256(bytes)).slice(0, 22)}"`
}
