import { memoryOf, type Reader, type ReadPage } from '@manga-federation/core/client'
import type { NetworkFacts } from '../cast.ts'
import { demoReader, wordsOf } from '../reading.ts'
import { byId } from './elements.ts'
import { showChapters, showFailure, showMembers, showReading, showSeries } from './show.ts'

/** How often the page looks whether a site ended, so that it reads again by itself then. */
const LOOK_EVERY_MS = 2000

/** Where the storage says of which network it remembers something. */
const NETWORK_KEY = 'demo:network'

/** What is on the page: all series, or the chapters of one. */
let shown: { readonly id: string; readonly title: string } | undefined
let network = await networkFacts()
let reader = openReader()
let lastSaid = ''
/** Counts readings: one that somebody does not wait for any more is not shown. */
let readings = 0

/** Each demonstration is a new network with new keys, and what was remembered of the one before would contradict it. */
function openReader(): Reader {
  if (localStorage.getItem(NETWORK_KEY) !== network.link) localStorage.clear()
  localStorage.setItem(NETWORK_KEY, network.link)
  return demoReader(network, memoryOf(localStorage))
}

async function networkFacts(): Promise<NetworkFacts> {
  return (await (await fetch('/network.json')).json()) as NetworkFacts
}

/** Reads what is on the page, from whoever serves it now. */
async function read(): Promise<void> {
  const reading = ++readings
  setBusy(true)
  try {
    const catalog = await reader.lookup(network.link)
    const page = await (shown ? catalog.chapters(shown.id) : catalog.series())
    if (reading !== readings) return
    showPage(page)
    await say(page)
  } catch (error) {
    if (reading === readings) showFailure(error instanceof Error ? error.message : String(error), network)
  } finally {
    if (reading === readings) setBusy(false)
  }
}

function showPage(page: ReadPage): void {
  showReading(page, network)
  if (shown) showChapters(page, shown.title, () => open(undefined))
  else showSeries(page, open)
}

function open(series: typeof shown): void {
  shown = series
  void read()
}

/** Tells the terminal what the page shows, when it changes. */
async function say(page: ReadPage): Promise<void> {
  const { servedBy, onWordOf } = wordsOf(page, network)
  const words = `the page shows what it got from ${servedBy}; believed by ${onWordOf}`
  if (words !== lastSaid) await fetch('/said', { method: 'POST', body: words })
  lastSaid = words
}

function setBusy(isBusy: boolean): void {
  for (const id of ['again', 'newcomer']) (byId(id) as HTMLButtonElement).disabled = isBusy
}

/** Looks whether a site ended. */
async function look(): Promise<void> {
  const now = await networkFacts().catch(() => network)
  const hasChanged = JSON.stringify(now) !== JSON.stringify(network)
  network = now
  showMembers(network)
  if (hasChanged) await read()
}

byId('again').addEventListener('click', () => void read())
byId('newcomer').addEventListener('click', () => {
  localStorage.clear()
  reader = openReader()
  open(undefined)
})
showMembers(network)
await read()
setInterval(() => void look(), LOOK_EVERY_MS)
