import type { ReadPage } from '@manga-federation/core/client'
import { type NetworkFacts, withNames } from '../cast.ts'
import { wordsOf } from '../reading.ts'
import { byId, element } from './elements.ts'
import { authorsOf, sortIdOf, textOf } from './fields.ts'

/** The sites, with who of them is there. */
export function showMembers({ members }: NetworkFacts): void {
  const items = members.map(({ name, role, address, isAlive }) => {
    const who = isAlive ? element('a', { href: address }, name) : name
    return element('li', { className: isAlive ? '' : 'dead' }, who, ` · ${role}${isAlive ? '' : ', gone'}`)
  })
  byId('members').replaceChildren(...items)
  byId('origin-name').textContent = originName(members)
}

/** Who served a page, how old it is, and on whose word it is believed. */
export function showReading(page: ReadPage, network: NetworkFacts): void {
  const { servedBy, onWordOf, state, problems } = wordsOf(page, network)
  byId('reading').className = `reading ${page.isPrimary ? 'primary' : 'volunteer'}`
  byId('headline').textContent = page.isPrimary
    ? `Read from ${servedBy}`
    : `${originName(network.members)} does not answer. You read on, from ${servedBy}`
  const facts = [
    ['Believed by', onWordOf],
    ['State', state],
    ['Read', new Date(page.readTs).toLocaleTimeString()],
  ]
  byId('facts').replaceChildren(
    ...facts.flatMap(([name = '', text = '']) => [element('dt', {}, name), element('dd', {}, text)]),
  )
  byId('problems').replaceChildren(...problems.map((problem) => element('li', {}, `Passed over: ${problem}`)))
}

/** That nobody could be read. */
export function showFailure(message: string, { members }: NetworkFacts): void {
  byId('reading').className = 'reading failed'
  byId('headline').textContent = withNames(message, members)
  byId('facts').replaceChildren()
  byId('problems').replaceChildren()
}

/** Series to choose from. */
export function showSeries(page: ReadPage, open: (series: { id: string; title: string }) => void): void {
  const items = page.items.map(({ id, json }) => {
    const title = textOf(json, 'title') ?? id
    const button = element('button', { type: 'button', onclick: () => open({ id, title }) }, title)
    button.append(element('small', {}, authorsOf(json)))
    return element('li', {}, button)
  })
  const heading = `${items.length} series, each signed by its origin`
  byId('list').replaceChildren(element('h2', {}, heading), element('ul', { className: 'shelf' }, ...items))
}

/** The chapters of a series in reading order. */
export function showChapters(page: ReadPage, title: string, back: () => void): void {
  const inOrder = [...page.items].sort((one, other) => sortIdOf(one.json) - sortIdOf(other.json))
  const items = inOrder.map(({ json }) => {
    const [chapter, volume] = [textOf(json, 'chapter'), textOf(json, 'volume')]
    const number = chapter === undefined ? 'One-shot' : `Chapter ${chapter}`
    const words = volume === undefined ? number : `Volume ${volume}, ${number.toLowerCase()}`
    return element('li', {}, words, element('small', {}, textOf(json, 'language') ?? ''))
  })
  const backButton = element('button', { type: 'button', className: 'quiet', onclick: back }, '← All series')
  const chapters = element('ul', { className: 'chapters' }, ...items)
  byId('list').replaceChildren(backButton, element('h2', {}, title), chapters)
}

function originName(members: NetworkFacts['members']): string {
  return members.find(({ role }) => role === 'origin')?.name ?? ''
}
