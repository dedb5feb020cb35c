import test from 'ava'
import { label, listen, several, wholeNumber } from '../../../cli/flags.ts'

test('a whole number within its range is read, everything else refused', (t) => {
  const read = wholeNumber(1, 1024)
  t.is(read('1'), 1)
  t.is(read('1024'), 1024)
  for (const text of ['0', '1025', '-1', '1.5', '1e3', '', ' 1', '0x10', 'x', '9'.repeat(30)]) {
    t.throws(() => read(text), { message: 'Write a whole number, 1 to 1024.' }, text)
  }
})

test('labels add up, and the last value of a key wins', (t) => {
  t.deepEqual(label('b=x=y', label('a=2', label('a=1'))), { a: '2', b: 'x=y' })
  t.deepEqual(label('empty='), { empty: '' })
  for (const text of ['team', '=web', ' a=b', `${'k'.repeat(64)}=v`])
    t.throws(() => label(text), undefined, text)
})

test('a flag that may be repeated keeps its order', (t) => {
  t.deepEqual(several('b', several('a')), ['a', 'b'])
})

const addresses: readonly (readonly [text: string, host: string, port: number])[] = [
  ['127.0.0.1:8080', '127.0.0.1', 8080],
  ['8080', '127.0.0.1', 8080],
  [':0', '127.0.0.1', 0],
  ['[::1]:65535', '::1', 65_535],
  ['shop.test:80', 'shop.test', 80],
]

test('an address to listen on is host and port, the host may be left out', (t) => {
  for (const [text, host, port] of addresses) t.deepEqual(listen(text), { host, port }, text)
  for (const text of ['localhost', '127.0.0.1:', '::1:80', ':65536', 'a:b:80', '']) {
    t.throws(() => listen(text), undefined, text)
  }
})
