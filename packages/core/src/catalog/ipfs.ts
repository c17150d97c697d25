import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'

const SCHEME = 'ipfs://'

/** What may stand behind the CID: no query, no fragment, no white space. */
const PATH = /^[^\s?#]*$/u

/** Whether a text is `ipfs://CID[/path]` with a CID of version 0 or 1 (PROTOCOL section 6.1). */
export function isIpfsUrl(text: string): boolean {
  if (!text.startsWith(SCHEME)) return false
  const [cid = '', ...path] = text.slice(SCHEME.length).split('/')
  return isCid(cid) && PATH.test(path.join('/'))
}

function isCid(text: string): boolean {
  try {
    // base58btc and base32 are built in; base36 is what subdomain gateways show.
    if (text.startsWith(base36.prefix)) CID.parse(text, base36)
    else CID.parse(text)
    return true
  } catch {
    return false
  }
}
