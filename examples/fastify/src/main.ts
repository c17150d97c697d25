import { runSite } from 'manga-federation-example-shared'
import { createSite } from './site.ts'

await runSite(createSite, import.meta.url)
