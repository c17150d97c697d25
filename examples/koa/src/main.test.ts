import { mainSuite } from 'manga-federation-example-shared/test-main'

await mainSuite(new URL('main.ts', import.meta.url))
