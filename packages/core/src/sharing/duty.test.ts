import t from 'tap'
import { silentLogger } from '../logger.ts'
import { manualEnvironment, type ManualEnvironment } from '../test-environment.ts'
import { createDuty, createNewsroom, type Duty, type Reactions } from './index.ts'
import { type TestProcess, testSharedStore } from './test-shared-store.ts'

/** A duty that notes when it begins and ends. */
interface WatchedDuty extends Duty {
  readonly process: TestProcess | undefined
  readonly events: ('begin' | 'rest')[]
  /** What beginning fails with. */
  fault: Error | undefined
}

function watched(environment: ManualEnvironment, process?: TestProcess): WatchedDuty {
  const events: WatchedDuty['events'] = []
  const warnings: string[] = []
  const duty = createDuty({
    shared: process?.store.shared,
    async begin() {
      if (watch.fault) throw watch.fault
      events.push('begin')
    },
    rest: async () => void events.push('rest'),
    environment,
    logger: { ...silentLogger, warn: (_details, message) => void warnings.push(message) },
    random: Math.random,
  })
  const watch: WatchedDuty = { ...duty, process, events, fault: undefined }
  return watch
}

t.test('where no other process can be, the work begins at once', async (t) => {
  const duty = watched(manualEnvironment())
  t.equal(duty.isHeld(), false)
  await duty.refresh()
  t.same(duty.events, [], 'nothing to refresh yet')
  await duty.start()
  t.equal(duty.isHeld(), true)
  await duty.refresh()
  t.same(duty.events, ['begin', 'begin'])
  await duty.stop()
  t.same(duty.events, ['begin', 'begin', 'rest'])
  await duty.start()
  t.equal(duty.isHeld(), false, 'it does not begin again')
})

t.test('one process at a time works, and another one within 30 s of its death', async (t) => {
  const environment = manualEnvironment()
  const hub = testSharedStore(environment)
  const duties = Array.from({ length: 4 }, () => watched(environment, hub.process()))
  await Promise.all(duties.map((duty) => duty.start()))
  t.teardown(() => Promise.all(duties.map((duty) => duty.stop())))
  const holders = (): WatchedDuty[] => duties.filter((duty) => duty.isHeld())
  const dead: WatchedDuty[] = []
  for (let deaths = 0; deaths < 3; deaths += 1) {
    await environment.advance(60_000 + 7_000 * deaths)
    const [holder, ...others] = holders()
    t.same(others, [])
    t.same(holder?.events.at(-1), 'begin', 'and goes on working as long as it lives')
    holder!.process!.canClaim = false
    dead.push(holder!)
    let passedMs = 0
    for (; !holders().some((duty) => !dead.includes(duty)); passedMs += 500) {
      if (passedMs > 60_000) throw new Error('nobody took over')
      t.ok(holders().length <= 1)
      await environment.advance(500)
    }
    t.ok(passedMs <= 30_000, `taken over after ${passedMs} ms`)
    t.ok(passedMs >= 12_000, 'and not before the claim had ended')
  }
  t.same(
    dead.map((duty) => duty.events),
    dead.map(() => ['begin', 'rest']),
    'who does not reach the store rests by itself',
  )
  for (const duty of dead) duty.process!.canClaim = true
  await holders()[0]?.stop()
  await environment.advance(8_000)
  t.equal(holders().length, 1, 'who stops gives it to the next one at once')
  t.ok(dead.includes(holders()[0]!), 'and whoever reaches the store again is one of those')
})

t.test('a process whose claim another one has rests', async (t) => {
  const environment = manualEnvironment()
  const hub = testSharedStore(environment)
  const duty = watched(environment, hub.process())
  await duty.start()
  const { shared } = hub.process().store
  await duty.process?.store.shared?.release('background')
  t.equal(await shared?.claim('background', 60_000), true)
  await environment.advance(8_000)
  t.same(duty.events, ['begin', 'rest'])
  await duty.stop()
  t.equal(await shared?.claim('background', 60_000), true, 'it does not give back what is not its own')
})

t.test('work that cannot begin is told of at the start, and tried again', async (t) => {
  const environment = manualEnvironment()
  const duty = watched(environment, testSharedStore(environment).process())
  duty.fault = new Error('no such table')
  await t.rejects(duty.start(), duty.fault)
  t.equal(duty.isHeld(), false)
  await duty.start().catch(() => undefined)
  duty.fault = undefined
  await duty.start()
  t.equal(duty.isHeld(), true)
  duty.process!.canClaim = false
  await environment.advance(20_000)
  duty.fault = new Error('not yet')
  duty.process!.canClaim = true
  await environment.advance(20_000)
  t.equal(duty.isHeld(), false)
  duty.fault = undefined
  await environment.advance(8_000)
  t.equal(duty.isHeld(), true)
  await duty.stop()
})

t.test('news is told once to whom it concerns; what fails about it is logged and stops nothing', async (t) => {
  const environment = manualEnvironment()
  const hub = testSharedStore(environment)
  const [teller, listener] = [hub.process(), hub.process()]
  const lines: string[] = []
  const write = (_details: object, message: string): void => void lines.push(message)
  const logger = { ...silentLogger, warn: write, error: write }
  const heard: string[] = []
  const hear =
    (subject: string) =>
    (serverName = ''): void => {
      heard.push(`${subject} ${serverName}`.trim())
      if (subject === 'balancers') throw new Error('the store is away')
    }
  const subjects = ['catalog', 'keys', 'followers', 'alive', 'following', 'balancers', 'missed'] as const
  const reactions = Object.fromEntries(subjects.map((subject) => [subject, hear(subject)])) as unknown as Reactions
  const newsrooms = [teller, listener].map(({ store }) => createNewsroom({ shared: store.shared, environment, logger }))
  const [here, there] = newsrooms as [(typeof newsrooms)[0], (typeof newsrooms)[0]]
  here.start(reactions)
  there.start(reactions)
  there.start(reactions)
  for (const subject of ['keys', 'balancers', 'alive'] as const) here.tell(subject, 'https://a.example/v1')
  await there.stop()
  await here.stop()
  t.same(
    heard,
    ['keys', 'balancers', 'alive'].map((subject) => `${subject} https://a.example/v1`),
  )
  t.same(lines, ['What another process changed could not be taken up: the store is away'])

  here.tell('keys', 'https://a.example/v1')
  await environment.advance(10 * 60_000)
  t.equal(heard.length, 3, 'who stopped hears nothing more')
  here.start(reactions)
  await environment.advance(5 * 60_000)
  await here.stop()
  t.equal(heard.at(-1), 'missed', 'and all is looked at every five minutes, for what was not heard')

  teller.canTalk = false
  here.tell('keys', 'https://a.example/v1')
  await environment.advance(0)
  t.match(lines.at(-1), /learn of a change only in 5 minutes: the store is not reached/)
  createNewsroom({ shared: undefined, environment, logger }).tell('keys', 'https://a.example/v1')
})
