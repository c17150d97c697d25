import { mangaSiteSuite } from 'manga-federation-example-shared/test-manga-site'
import { verifyPageSuite } from 'manga-federation-example-shared/test-verify-page'
import { createSite } from './site.ts'

await mangaSiteSuite(createSite)
await verifyPageSuite(createSite)
