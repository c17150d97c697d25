import type { SiteLook } from 'manga-federation-example-shared'

/** What the site is called and looks like. */
export const LOOK: SiteLook = {
  name: 'Blue Umbrella',
  mark: '傘',
  description: 'A small manga site',
  theme: 'umbrella',
  menu: [
    { href: '/', text: 'Series' },
    { href: '/about', text: 'About' },
  ],
}
