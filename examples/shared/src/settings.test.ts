import { resolve } from 'node:path'
import t from 'tap'
import { readSettings, SettingError, VARIABLES } from './settings.ts'

const FOLDER = resolve('/sites/example')
const typedIn = resolve('/home/somebody')
const catalogFile = t.testdir({ 'catalog.ndjson': '' }) + '/catalog.ndjson'

t.test('Without variables it is a site for this machine, with its data in its own folder', async (t) => {
  const expected = {
    port: 3000,
    serverName: 'http://127.0.0.1:3000/v1',
    allowInsecure: true,
    witnesses: [],
    follow: [],
    volunteerFor: [],
    openRegistration: false,
    news: false,
    dataDir: resolve(FOLDER, 'data'),
    store: { databasePath: resolve(FOLDER, 'data/manga-federation.db') },
  }
  t.strictSame(await readSettings({}, FOLDER), expected)
  const empty = Object.fromEntries(VARIABLES.map((name) => [name, '']))
  t.strictSame(await readSettings(empty, FOLDER), expected, 'an empty value is the same as none')
})

t.test('Good values are taken as they are', async (t) => {
  const name = 'https://manga.example.com/v1'
  const other = 'https://witness.example.org/v1'
  const cases = [
    { given: { PORT: '8080' }, expected: { port: 8080, serverName: 'http://127.0.0.1:8080/v1' } },
    { given: { PORT: '65535' }, expected: { port: 65_535 } },
    { given: { SERVER_NAME: name }, expected: { serverName: name, allowInsecure: false } },
    { given: { SERVER_NAME: name, ALLOW_INSECURE: '1' }, expected: { serverName: name, allowInsecure: true } },
    {
      given: { SERVER_NAME: 'http://127.0.0.2:1/v1', ALLOW_INSECURE: '1' },
      expected: { serverName: 'http://127.0.0.2:1/v1', allowInsecure: true },
    },
    { given: { ALLOW_INSECURE: '0' }, expected: { allowInsecure: true } },
    { given: { DATA_DIR: 'here', INIT_CWD: typedIn }, expected: { dataDir: resolve(typedIn, 'here') } },
    { given: { DATA_DIR: 'here' }, expected: { dataDir: resolve('here') } },
    { given: { DATA_DIR: 'here' }, expected: { store: { databasePath: resolve('here/manga-federation.db') } } },
    {
      given: { STORE: 'sqlite:there/own.db', INIT_CWD: typedIn },
      expected: { store: { databasePath: resolve(typedIn, 'there/own.db') } },
    },
    { given: { STORE: 'sqlite:/there/own.db' }, expected: { store: { databasePath: resolve('/there/own.db') } } },
    { given: { STORE: 'postgres://u:p@db/site' }, expected: { store: { connectionString: 'postgres://u:p@db/site' } } },
    { given: { STORE: 'postgresql:///site' }, expected: { store: { connectionString: 'postgresql:///site' } } },
    { given: { CACHE: 'redis://localhost:6379' }, expected: { cacheUrl: 'redis://localhost:6379' } },
    { given: { CACHE: 'rediss://u:p@cache/1' }, expected: { cacheUrl: 'rediss://u:p@cache/1' } },
    { given: { CATALOG: catalogFile }, expected: { catalogFile } },
    { given: { ADMIN_PASSWORD: 'open sesame' }, expected: { adminPassword: 'open sesame' } },
    { given: { SERVER_NAME: name, WITNESSES: other }, expected: { witnesses: [other] } },
    { given: { SERVER_NAME: name, FOLLOW: other }, expected: { follow: [other] } },
    { given: { SERVER_NAME: name, VOLUNTEER_FOR: `${other},${name}` }, expected: { volunteerFor: [other, name] } },
    { given: { OPEN_REGISTRATION: '1' }, expected: { openRegistration: true } },
    { given: { NEWS: '1' }, expected: { news: true } },
    {
      given: { WITNESSES: ` ${other} ,http://127.0.0.2:1/v1,` },
      expected: { witnesses: [other, 'http://127.0.0.2:1/v1'] },
    },
  ]
  for (const { given, expected } of cases) t.match(await readSettings(given, FOLDER), expected, JSON.stringify(given))
})

t.test('PORT=0 picks a free port, and the server name has it', async (t) => {
  const { port, serverName } = await readSettings({ PORT: '0' }, FOLDER)
  t.ok(port > 0)
  t.equal(serverName, `http://127.0.0.1:${port}/v1`)
})

t.test('A wrong value is refused with the variable, what was given and what is expected', async (t) => {
  const cases = [
    { given: { PORT: '65536' }, says: /^PORT is "65536", but it must be a whole number from 0 to 65535/ },
    { given: { PORT: '80.5' }, says: /^PORT is "80.5"/ },
    { given: { PORT: '-1' }, says: /^PORT is "-1"/ },
    { given: { PORT: '3e3' }, says: /^PORT is "3e3"/ },
    { given: { SERVER_NAME: 'manga.example.com' }, says: /^SERVER_NAME is "manga.example.com".* ends in \/v1/ },
    { given: { SERVER_NAME: 'https://manga.example.com' }, says: /ends in \/v1/ },
    { given: { SERVER_NAME: 'ftp://manga.example.com/v1' }, says: /ends in \/v1/ },
    { given: { SERVER_NAME: 'http://manga.example.com/v1' }, says: /https address; .* ALLOW_INSECURE=1/ },
    { given: { ALLOW_INSECURE: 'true' }, says: /^ALLOW_INSECURE is "true", but it must be 1 \(yes\) or 0 \(no\)/ },
    { given: { OPEN_REGISTRATION: 'yes' }, says: /^OPEN_REGISTRATION is "yes", but it must be 1 \(yes\) or 0 \(no\)/ },
    { given: { VOLUNTEER_FOR: 'b.example' }, says: /^VOLUNTEER_FOR is "b.example".* with commas/ },
    { given: { WITNESSES: 'https://a.example/v1,b.example' }, says: /^WITNESSES is "b.example".* with commas/ },
    {
      given: { WITNESSES: 'http://a.example/v1', SERVER_NAME: 'https://manga.example.com/v1' },
      says: /^WITNESSES is "http:\/\/a.example\/v1".*https address; .* ALLOW_INSECURE=1/,
    },
    {
      given: { STORE: 'mysql://u:secret@db/site' },
      says: /^STORE must be sqlite: and a file, or .* postgres:[^s]+user/,
    },
    { given: { STORE: 'sqlite:' }, says: /^STORE must be/ },
    { given: { STORE: 'postgres' }, says: /^STORE must be/ },
    { given: { CACHE: 'localhost:6379' }, says: /^CACHE must be the address of a Redis, such as redis:/ },
    { given: { CACHE: 'http://u:secret@cache' }, says: /^CACHE must be/ },
    { given: { CATALOG: 'none.ndjson', INIT_CWD: typedIn }, says: /^CATALOG is "none.ndjson".*somebody/ },
  ]
  for (const { given, says } of cases) {
    const error: unknown = await readSettings(given, FOLDER).catch((thrown: unknown) => thrown)
    t.ok(error instanceof SettingError, JSON.stringify(given))
    t.match(error, { message: says })
    t.notMatch(String(error), 'secret')
  }
})
