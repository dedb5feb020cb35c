import test from 'ava'
import { CookieJar } from '../../../../core/scenario/cookie-jar.ts'

const now = Date.UTC(2026, 0, 1)

function header(
  setCookies: readonly string[],
  { host = 'shop.test', secure = false, path = '/a/b', on = '/a/b', at = now } = {},
) {
  const jar = new CookieJar(host, secure)
  for (const cookie of setCookies) jar.store(cookie, path, now)
  return jar.headerFor(on, at)
}

const table: readonly (readonly [string, readonly string[], string, Parameters<typeof header>[1]?])[] = [
  ['a cookie is sent back', ['sid=1'], 'sid=1'],
  ['a value may hold anything but a semicolon', ['a="x=y z"'], 'a="x=y z"'],
  ['a value may be empty', ['a='], 'a='],
  ['the later one of a name and path wins', ['a=1', 'b=2', 'a=3'], 'a=3; b=2'],
  [
    'one name on two paths is two cookies, the longer path first',
    ['a=1; Path=/', 'a=2; Path=/a'],
    'a=2; a=1',
  ],
  [
    'the path is matched by whole segments',
    ['a=1; Path=/a', 'b=2; Path=/a/b', 'c=3; Path=/a/bc', 'd=4; Path=/a/'],
    'b=2; d=4; a=1',
  ],
  ['a path that only begins alike is another one', ['a=1; Path=/a/b'], '', { on: '/a/bc' }],
  ['the default path is the directory of the request', ['a=1'], 'a=1', { on: '/a/x' }],
  ['the default path is not that of another directory', ['a=1'], '', { on: '/x' }],
  ['the query is no part of the path', ['a=1'], 'a=1', { path: '/a?x=/y/', on: '/?z' }],
  ['a path that begins with no slash is none', ['a=1; Path=b'], 'a=1'],
  ['Max-Age counts from now', ['a=1; Max-Age=10'], 'a=1', { at: now + 9_999 }],
  ['after Max-Age a cookie is gone', ['a=1; Max-Age=10'], '', { at: now + 10_000 }],
  ['Max-Age 0 removes', ['a=1', 'a=; Max-Age=0'], ''],
  ['Expires in the past removes', ['a=1', 'a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], ''],
  [
    'Expires in the future keeps',
    ['a=1; expires=Fri, 02 Jan 2026 00:00:00 GMT'],
    'a=1',
    { at: now + 3_600_000 },
  ],
  ['an Expires that is no date is none', ['a=1; Expires=soon'], 'a=1'],
  ['Max-Age wins over Expires', ['a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], 'a=1'],
  ['Secure cookies go over TLS alone', ['a=1; Secure'], ''],
  ['Secure cookies go over TLS', ['a=1; Secure'], 'a=1', { secure: true }],
  ['Domain of the host itself', ['a=1; Domain=shop.test', 'b=1; Domain=.SHOP.test'], 'a=1; b=1'],
  ["Domain of the host's parent", ['a=1; Domain=shop.test'], 'a=1', { host: 'www.shop.test' }],
  ['Domain of another host is refused', ['a=1; Domain=evil.test', 'b=1; Domain=op.test'], ''],
  ['Domain of a top level is refused', ['a=1; Domain=test'], ''],
  ['Domain below the host is refused', ['a=1; Domain=www.shop.test'], ''],
  [
    'Domain of an address is the address',
    ['a=1; Domain=127.0.0.1', 'b=1; Domain=0.0.1'],
    'a=1',
    { host: '127.0.0.1' },
  ],
  ['without a name there is no cookie', ['=1', '', ';', 'flag', '; Path=/'], ''],
  ['control characters make no cookie', ['a=1\r\nX: y', 'b=\u0000'], ''],
  ['more than 4 KiB make no cookie', [`a=${'x'.repeat(4096)}`], ''],
  ['HttpOnly, SameSite and what is unknown are ignored', ['a=1; HttpOnly; SameSite=Lax; Foo=bar'], 'a=1'],
  ['names of Object.prototype are names', ['__proto__=1', 'constructor=2'], '__proto__=1; constructor=2'],
]

for (const [title, setCookies, expected, over] of table) {
  test(title, (t) => {
    t.is(header(setCookies, over), expected)
  })
}

test('of 10,000 cookies the newest fifty stay', (t) => {
  const jar = new CookieJar('shop.test', false)
  const start = performance.now()
  for (let i = 0; i < 10_000; i++) jar.store(`c${i}=${i}; Path=/`, '/', now)
  t.is(jar.size, 50)
  t.true(performance.now() - start < 2000)
  t.is(jar.headerFor('/', now).split('; ')[0], 'c9950=9950')
  jar.clear()
  t.is(jar.headerFor('/', now), '')
})
