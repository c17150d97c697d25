import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Settings } from './settings.ts'
import { SiteError } from './site-error.ts'

const LOOPBACK_HOST = /^(localhost|127(\.\d+){3}|\[::1\])$/

/**
 * Whether the site has admin pages: with a password, or on a site whose own name says that it is on this machine only.
 * The address of whoever asks does not count: behind a proxy, everybody comes from this machine.
 */
export function mayBeManaged({ adminPassword, serverName }: Settings): boolean {
  return adminPassword !== undefined || LOOPBACK_HOST.test(new URL(serverName).hostname)
}

/**
 * A check that lets only the site's own editors, on the site's own pages, through to the admin routes.
 *
 * @returns a function that throws a SiteError with status 401 or 403 for everybody else's requests.
 */
export function adminAccess(settings: Settings): (request: IncomingMessage) => void {
  return (request) => {
    if (!mayBeManaged(settings)) {
      throw new SiteError(403, 'This site is public. Start it with ADMIN_PASSWORD to add and remove chapters.')
    }
    if (settings.adminPassword && !givesPassword(request, settings.adminPassword)) {
      throw new SiteError(401, 'The admin pages ask for the password that the site was started with.', {
        'www-authenticate': 'Basic realm="Admin pages", charset="UTF-8"',
      })
    }
    refuseOtherSites(request, new URL(settings.serverName).origin)
  }
}

/** Basic authentication (RFC 7617) with any user name. */
function givesPassword(request: IncomingMessage, password: string): boolean {
  const credentials = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const [, given = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString()) ?? []
  return timingSafeEqual(sha256(given), sha256(password))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Every browser says from which site a form is sent; a page elsewhere must not send one with our editor's password.
 * What is not a browser has no editor to fool and need not say it.
 */
function refuseOtherSites(request: IncomingMessage, ownOrigin: string): void {
  const { origin } = request.headers
  if (request.method === 'POST' && origin !== undefined && origin !== ownOrigin) {
    throw new SiteError(403, `This form was sent from ${origin}. Open the site at ${ownOrigin} and send it there.`)
  }
}
