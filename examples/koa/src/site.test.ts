import { mangaSiteSuite } from 'manga-federation-example-shared/test-manga-site'
import { verifyPageSuite } from 'manga-federation-example-shared/test-verify-page'
import { volunteersPageSuite } from 'manga-federation-example-shared/test-volunteers-page'
import { createSite } from './site.ts'

await mangaSiteSuite(createSite)
await verifyPageSuite(createSite)
await volunteersPageSuite(createSite)
