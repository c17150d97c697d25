import type { SiteLook } from 'manga-federation-example-shared'

/** What the site is called and looks like. */
export const LOOK: SiteLook = {
  name: 'Paper Lantern',
  mark: '漫',
  description: 'A small manga site',
  theme: 'lantern',
  menu: [
    { href: '/', text: 'Series' },
    { href: '/about', text: 'About' },
  ],
}
