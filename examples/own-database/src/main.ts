import { runSite } from 'manga-federation-example-shared'
import { createSite } from './site.ts'

/** What the README makes, for the user that `PGUSER` and `PGPASSWORD` name. */
const DEFAULT_DATABASE = 'postgres://127.0.0.1:5432/manga_site'

await runSite((settings) => createSite(settings, process.env['DATABASE_URL'] || DEFAULT_DATABASE), import.meta.url)
