import test from 'ava'
import { CookieJar } from '../../../../core/scenario/cookie-jar.ts'

const now = Date.UTC(2026, 0, 1)

function header(
  setCookies: readonly string[],
  { host = 'shop.test', secure = false, path = '/a/b', on = '/a/b', at = now } = {},
) {
  const jar = new CookieJar()
  for (const cookie of setCookies) jar.store(cookie, { host, secure }, path, now)
  return jar.headerFor({ host, secure }, on, at)
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

test('a name that promises how it was set is kept where the promise holds', (t) => {
  const kept = ['__Secure-a=1; Secure', '__Host-b=1; Secure; Path=/']
  const broken = ['__Secure-c=1', '__Host-d=1; Secure', '__Host-e=1; Secure; Path=/; Domain=shop.test']
  t.is(header([...kept, ...broken], { secure: true }), '__Secure-a=1; __Host-b=1')
})

const sites: readonly (readonly [from: string, setCookie: string, to: string, sent: boolean])[] = [
  ['shop.test', 'a=1', 'shop.test', true],
  ['shop.test', 'a=1', 'www.shop.test', false],
  ['shop.test', 'a=1', 'media.test', false],
  ['shop.test', 'a=1; Domain=shop.test', 'www.shop.test', true],
  ['shop.test', 'a=1; Domain=shop.test', 'a.b.shop.test', true],
  ['shop.test', 'a=1; Domain=shop.test', 'myshop.test', false],
  ['www.shop.test', 'a=1; Domain=shop.test', 'media.shop.test', true],
  ['www.shop.test', 'a=1; Domain=shop.test', 'shop.test', true],
  ['www.shop.test', 'a=1; Domain=media.shop.test', 'media.shop.test', false],
  ['www.shop.test', 'a=1; Domain=test', 'other.test', false],
  ['127.0.0.1', 'a=1; Domain=127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', 'a=1', '127.0.0.2', false],
  ['[::1]', 'a=1', '[::1]', true],
  ['localhost', 'a=1; Domain=localhost', 'localhost', true],
]

for (const [from, setCookie, to, sent] of sites) {
  test(`of ${from}, \`${setCookie}\` is ${sent ? '' : 'not '}sent to ${to}`, (t) => {
    const jar = new CookieJar()
    jar.store(setCookie, { host: from, secure: false }, '/', now)
    t.is(jar.headerFor({ host: to, secure: false }, '/', now), sent ? 'a=1' : '')
  })
}

test('a Secure cookie of the encrypted host is not sent to the plain one', (t) => {
  const jar = new CookieJar()
  jar.store('a=1; Secure', { host: 'shop.test', secure: true }, '/', now)
  t.is(jar.headerFor({ host: 'shop.test', secure: false }, '/', now), '')
  t.is(jar.headerFor({ host: 'shop.test', secure: true }, '/', now), 'a=1')
})

test('cookies of a host and of its domain are told apart, those stored first come first', (t) => {
  const jar = new CookieJar()
  const www = { host: 'www.shop.test', secure: false }
  jar.store('a=domain; Domain=shop.test', www, '/', now)
  jar.store('a=host', www, '/', now)
  jar.store('b=domain; Domain=shop.test', www, '/', now)
  t.is(jar.headerFor(www, '/', now), 'a=domain; a=host; b=domain')
  t.is(jar.size, 3)
  jar.store('a=; Domain=shop.test; Max-Age=0', www, '/', now)
  t.is(jar.headerFor(www, '/', now), 'a=host; b=domain')
})

test('of 10,000 cookies of a host the newest fifty stay', (t) => {
  const jar = new CookieJar()
  const shop = { host: 'shop.test', secure: false }
  const start = performance.now()
  for (let i = 0; i < 10_000; i++) jar.store(`c${i}=${i}; Path=/`, shop, '/', now)
  t.is(jar.size, 50)
  t.true(performance.now() - start < 2000)
  t.is(jar.headerFor(shop, '/', now).split('; ')[0], 'c9950=9950')
  jar.clear()
  t.is(jar.headerFor(shop, '/', now), '')
})

test('of a hundred hosts 3,000 cookies stay, the newest ones', (t) => {
  const jar = new CookieJar()
  for (let host = 0; host < 100; host++) {
    for (let i = 0; i < 50; i++) jar.store(`c${i}=x`, { host: `h${host}.test`, secure: false }, '/', now)
  }
  t.is(jar.size, 3000)
  t.is(jar.headerFor({ host: 'h0.test', secure: false }, '/', now), '')
  t.is(jar.headerFor({ host: 'h99.test', secure: false }, '/', now).split('; ').length, 50)
})
