import { sha256 } from '../crypto/index.ts'
import { readyDocument, type ReadyDocument } from '../http/index.ts'
import { encodeBase64, encodeCanonical } from '../json/index.ts'

/** An hour: long enough to spare the origin, short enough that a new load balancer is found the same day. */
const WELL_KNOWN_CACHE_CONTROL = 'public, max-age=3600, stale-if-error=86400'

/** What this server tells of itself to whoever knows only its domain, or asks what it runs. */
export interface PublishedDocuments {
  /** PROTOCOL section 3: the present one. */
  readonly wellKnown: ReadyDocument
  /** PROTOCOL section 4. */
  readonly version: ReadyDocument
  /**
   * Lists these load balancers from now on, in this order.
   *
   * @param loadBalancers - canonical names, 64 at most.
   */
  advertise(loadBalancers: readonly string[]): void
}

/** What software serves, as the version route tells it. */
export interface Software {
  readonly name: string
  readonly version: string
  /** The extensions that it has. */
  readonly features: readonly string[]
}

/** Makes the documents that tell of this server, which has no load balancers yet. */
export function publishDocuments(serverName: string, software: Software): PublishedDocuments {
  const version = encodeCanonical({
    server: { name: software.name, version: software.version },
    features: [...software.features],
  })
  let wellKnown = wellKnownOf(serverName, [])
  return {
    get wellKnown() {
      return wellKnown
    },
    version: documentOf(version),
    advertise(loadBalancers) {
      const changed = wellKnownOf(serverName, loadBalancers)
      if (changed.etag !== wellKnown.etag) wellKnown = changed
    },
  }
}

function wellKnownOf(serverName: string, loadBalancers: readonly string[]): ReadyDocument {
  return documentOf(encodeCanonical({ primary: serverName, 'load-balancers': [...loadBalancers] }))
}

function documentOf(bytes: Uint8Array): ReadyDocument {
  return readyDocument(bytes, { etag: etagOf(bytes), cacheControl: WELL_KNOWN_CACHE_CONTROL })
}

function etagOf(bytes: Uint8Array): string {
  return `"${encodeBase64(sha256(bytes)).slice(0, 22)}"`
}
