import type { SiteLook } from 'manga-federation-example-shared'

/** What the blog is called and looks like. */
export const LOOK: SiteLook = {
  name: 'Tea & Chapters',
  mark: '茶',
  description: 'A small blog about new chapters',
  theme: 'tea',
  menu: [
    { href: '/', text: 'Posts' },
    { href: '/series', text: 'Series' },
    { href: '/about', text: 'About' },
    { href: '/feed.xml', text: 'Feed' },
  ],
  feed: '/feed.xml',
}
