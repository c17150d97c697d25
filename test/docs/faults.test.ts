import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const ROOT = new URL('../../', import.meta.url)

/** Of subtests, between the name of a test and theirs. */
const SEPARATOR = ' › '

/** The first argument of `t.test`. */
const TEST_NAME = /\bt\.test\(\s*(['"`])(.*?)\1,/g

/** The last cell of a row: `[path of the file]: name of the test`. */
const TEST_CELL = /\[([^\]]+)\]: (.+?) +\|$/

const text = readFileSync(new URL('docs/faults.md', ROOT), 'utf8')
const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| (What happens|-)/.test(line))
const cited = rows.map((row) => {
  const [, path = '', name = ''] = TEST_CELL.exec(row) ?? []
  return { row, path, name }
})

void t.test('Each fault names a test that exists', (t) => {
  t.ok(rows.length > 0)
  for (const { row, path, name } of cited) {
    if (!t.ok(path !== '' && existsSync(new URL(path, ROOT)), row)) continue
    t.ok(text.includes(`\n[${path}]: ../${path}\n`), `the link to ${path} leads there`)
    const source = readFileSync(new URL(path, ROOT), 'utf8')
    for (const part of name.split(SEPARATOR)) t.ok(hasTest(source, part), `${path} has the test: ${part}`)
  }
  t.end()
})

void t.test('Each test of a fault is named', (t) => {
  const files = readdirSync(new URL('test/faults/', ROOT)).filter((file) => file.endsWith('.test.ts'))
  t.strictSame(
    files.filter((file) => !cited.some(({ path }) => path === `test/faults/${file}`)),
    [],
  )
  t.end()
})

void t.test('A test that does not exist is found out', (t) => {
  const source = "t.test('one', run)\nt.test(\n`a server that ${name} is found out`, run)\nconst names = ['lies']"
  t.ok(hasTest(source, 'one'))
  t.ok(hasTest(source, 'a server that lies is found out'))
  t.notOk(hasTest(source, 'on'))
  t.notOk(hasTest(source, 'a server that sleeps is found out'))
  t.end()
})

/** Whether a source has a test with this name, or one whose name is a template, filled with texts of the same file. */
function hasTest(source: string, name: string): boolean {
  return Array.from(source.matchAll(TEST_NAME), ([, , text = '']) => text.split(/\$\{[^}]*\}/)).some((fixed) => {
    const filled = new RegExp(`^${fixed.map(escaped).join('(.+)')}$`).exec(name)
    return filled?.slice(1).every((part) => source.includes(part))
  })
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
