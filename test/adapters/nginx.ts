import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mount } from '@manga-federation/testing'
import { freePort } from '../../examples/shared/src/free-port.ts'

/** Where Debian's package puts it. */
const NGINX = '/usr/sbin/nginx'

/** Why nothing runs behind nginx here; undefined when it is installed. */
export const WITHOUT_NGINX: string | undefined = existsSync(NGINX) ? undefined : `${NGINX} is not installed`

/** The path at which a site behind a proxy that rewrites paths gets its requests. */
const INNER_PATH = '/inner'

/** Puts nginx before a site; requests reach it as they came. */
export function behindNginx(mount: Mount): Mount {
  return async (options) => {
    const site = await mount(options)
    const proxy = await startNginx(`location / { proxy_pass ${site.url}; }`)
    return { ...site, url: proxy.url, close: () => proxy.stop().then(() => site.close()) }
  }
}

/** Puts nginx before a site, which decodes the path of the API, merges its slashes and puts it elsewhere. */
export function behindRewritingNginx(mount: Mount): Mount {
  return async (options) => {
    const { serverName, mountPath = INNER_PATH } = options.federation
    const site = await mount({ ...options, federation: { ...options.federation, mountPath } })
    const publicPath = new URL(serverName).pathname
    const proxy = await startNginx(`
      location = ${publicPath} { proxy_pass ${site.url}; }
      location ${publicPath}/ { proxy_pass ${site.url}${INNER_PATH}/; }
      location / { proxy_pass ${site.url}; }`)
    return { ...site, url: proxy.url, close: () => proxy.stop().then(() => site.close()) }
  }
}

/**
 * Starts nginx on a free port of loopback.
 *
 * @param locations - what its server has.
 * @param upstreams - what stands beside the server. Default is nothing.
 */
export async function startNginx(
  locations: string,
  upstreams: string = '',
): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'manga-federation-nginx-'))
  // When root starts it, its worker is another user.
  await chmod(folder, 0o755)
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configuration(folder, port, locations, upstreams))
  const nginx = spawn(NGINX, ['-c', file, '-p', folder, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(nginx, 'exit')
  await listening(nginx.stderr)
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    nginx.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true })
  }
  return { url: `http://127.0.0.1:${port}`, stop: () => (stopped ??= stop()) }
}

/** Resolves when nginx says that it listens. */
async function listening(log: AsyncIterable<Buffer> & NodeJS.ReadableStream): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    log.on('data', (chunk: Buffer) => {
      said += chunk
      if (/start worker process \d/.test(said)) resolve()
    })
    log.on('end', () => reject(new Error(`nginx did not start: ${said}`)))
  })
}

function configuration(folder: string, port: number, locations: string, upstreams: string): string {
  return `
    daemon off;
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    worker_processes 1;
    events {}
    http {
      access_log off;
      client_max_body_size 0;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      ${upstreams}
      server {
        listen 127.0.0.1:${port};
        proxy_http_version 1.1;
        # Else the site closes while nginx still sends a body that was refused early, and the refusal is lost.
        proxy_set_header Connection "";
        ${locations}
      }
    }`
}
