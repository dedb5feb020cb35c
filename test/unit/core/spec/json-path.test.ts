import test from 'ava'
import { parseJsonPath } from '../../../../core/spec/json-path.ts'

function find(path: string, document: unknown): unknown {
  const parsed = parseJsonPath(path)
  if (!parsed.ok) throw new Error(parsed.message)
  const found = parsed.path.find(document)
  return found.found ? found.value : found
}

/** RFC 9535, figure 1. */
const store = {
  store: {
    book: [
      { category: 'reference', author: 'Nigel Rees', title: 'Sayings of the Century', price: 8.95 },
      { category: 'fiction', author: 'Evelyn Waugh', title: 'Sword of Honour', price: 12.99 },
      {
        category: 'fiction',
        author: 'Herman Melville',
        title: 'Moby Dick',
        isbn: '0-553-21311-3',
        price: 8.99,
      },
      {
        category: 'fiction',
        author: 'J. R. R. Tolkien',
        title: 'The Lord of the Rings',
        isbn: '0-395-19395-8',
        price: 22.99,
      },
    ],
    bicycle: { color: 'red', price: 399 },
  },
}

const none = { found: false, gaveUp: false }

const table: readonly (readonly [string, unknown, unknown])[] = [
  ['$', 5, 5],
  ['$.store.book[*].author', store, 'Nigel Rees'],
  ['$..author', store, 'Nigel Rees'],
  ['$.store..price', store, 8.95],
  ['$..book[2].title', store, 'Moby Dick'],
  ['$..book[-1].title', store, 'The Lord of the Rings'],
  ['$..book[0,1].title', store, 'Sayings of the Century'],
  ['$..book[:2].title', store, 'Sayings of the Century'],
  ['$..book[1:].title', store, 'Sword of Honour'],
  ['$..book[::-1].isbn', store, '0-395-19395-8'],
  ['$..book[5:1:-2].title', store, 'The Lord of the Rings'],
  ['$..isbn', store, '0-553-21311-3'],
  ['$.store.bicycle["color"]', store, 'red'],
  ["$['store']['bicycle'].price", store, 399],
  ['$.a', { a: null }, null],
  ['$.a', { a: false }, false],
  ['$.a.b', { a: null }, none],
  ['$.a', [1], none],
  ['$[0]', { 0: 1 }, none],
  ['$[-3]', [1, 2], none],
  ['$[2]', [1, 2], none],
  ['$.length', [1, 2], none],
  ['$.length', 'text', none],
  ['$.toString', {}, none],
  ['$.__proto__', {}, none],
  ['$["a\\u0041\\"]"]', { 'aA"]': 1 }, 1],
  ['$.ünï_1', { ünï_1: 1 }, 1],
  ['$[*]', { a: 1 }, 1],
  ['$[*]', [], none],
  ['$[::0]', [1], none],
  ['$[1:0]', [1], none],
  ['$[ 0 , 1 ]', [7], 7],
  ['$..[1]', [[1, 2]], 2],
  ['$..*', { a: { b: 1 } }, { b: 1 }],
  ['$..book[?@.isbn].title', store, 'Moby Dick'],
  ['$..book[?(@.price<10)].title', store, 'Sayings of the Century'],
  ['$..book[?@.price > 10 && @.price < 20].title', store, 'Sword of Honour'],
  ["$..book[?@.author == 'Herman Melville' || @.price >= 22.99].price", store, 8.99],
  ['$..book[?!@.isbn && @.price != 8.95].title', store, 'Sword of Honour'],
  ['$..book[?!(@.price < 22.99)].title', store, 'The Lord of the Rings'],
  ['$..book[?@.price < $.store.bicycle.price].price', store, 8.95],
  ['$..book[?@.price <= 8.95 , 1].price', store, 8.95],
  ['$[?@.a == null]', [{ b: 1 }, { a: null }], { a: null }],
  [
    '$[?@.a == @.b].c',
    [
      { a: [1, { x: 2 }], b: [1, { x: 3 }] },
      { a: [1, { x: 2 }], b: [1, { x: 2 }], c: 1 },
    ],
    1,
  ],
  ['$[?@.nope == @.neither]', [5], 5],
  ['$[?@ > "b"]', ['a', 3, 'c'], 'c'],
  ['$[?@ < 2]', ['1', true, null, 1.5], 1.5],
  ['$[?@ == -1e2]', [100, -100], -100],
  ['$[?@ == true]', [1, 'true', true], true],
  [
    '$[?@.a[?@ > 1]].id',
    [
      { a: [1], id: 1 },
      { a: [1, 2], id: 2 },
    ],
    2,
  ],
  ['$[?@..x].id', [{ id: 1 }, { id: 2, a: [{ x: null }] }], 2],
  ['$[?@.a]', { k: { b: 1 }, l: { a: false } }, { a: false }],
  ['$[?@.a > 1].b', [{ a: 1, b: 1 }], none],
]

for (const [path, document, expected] of table) {
  test(`${path} in ${JSON.stringify(document).slice(0, 40)} is ${JSON.stringify(expected)}`, (t) => {
    t.deepEqual(find(path, document), expected)
  })
}

const refused = [
  '',
  'items',
  '$.',
  '$..',
  '$[',
  '$[0',
  '$[]',
  "$['a",
  '$[0,]',
  '$.items[?(@.id==1]',
  '$.items[?@.id=1]',
  '$.items[?@.id==]',
  '$.items[?@.id==nope]',
  '$.items[?1]',
  '$.items[?!@.id==1]',
  '$.items[?length(@.a)==1]',
  '$.items[?@.id==1 and @.a]',
  '$.items[?]',
  `$.items[?${'('.repeat(20)}@.a${')'.repeat(20)}]`,
  '$[(@.length-1)]',
  '$.a b',
  '$.a-b',
  '$[99999999999999999999]',
  '$["\\u12"]',
  `$${'.a'.repeat(65)}`,
]

for (const path of refused) {
  test(`${JSON.stringify(path.slice(0, 40))} is refused with what to write instead`, (t) => {
    const parsed = parseJsonPath(path)
    t.false(parsed.ok)
    t.true(!parsed.ok && parsed.message.length < 250 && parsed.hint.length > 0)
  })
}

test('searches of a large document end after a bounded number of nodes', (t) => {
  const items = Array.from({ length: 300_000 }, (_, id) => ({ id, tags: [1, 2, 3] }))
  const start = performance.now()
  for (const path of [
    '$..nope',
    '$..*..*..nope',
    '$..[*]..[*]..[*].nope',
    '$[*].tags[*].nope',
    '$[?!@..nope && @.id == -1]',
    '$..[?@..[?@..nope]]',
    '$[?@.tags[?@ > 3] || @.id == -1]',
  ]) {
    t.deepEqual(find(path, items), { found: false, gaveUp: true }, path)
  }
  t.true(performance.now() - start < 5000)
  t.is(find('$..id', items), 0)
  t.is(find('$[299999].id', items), 299_999)
})

test('a filter that had to give up does not hold, negated neither', (t) => {
  const document = [{ list: new Array(1_100_000).fill(1), id: 1 }]
  t.deepEqual(find('$[?!@..nope].id', document), { found: false, gaveUp: true })
})

test('searches of a deep document give up, and follow a straight path to its end', (t) => {
  let document: unknown = { x: 1 }
  for (let i = 0; i < 100_000; i++) document = [document]
  t.deepEqual(find('$..x', document), { found: false, gaveUp: true })
  t.true(Array.isArray(find('$[0][0][0]', document)))
  t.deepEqual(find('$[?@ == $.b].x', { a: document, b: structuredCloneOf(document) }), {
    found: false,
    gaveUp: true,
  })
})

/** structuredClone recurses; this one doesn't. */
function structuredCloneOf(document: unknown): unknown {
  return JSON.parse(deepText(document))
}

function deepText(document: unknown): string {
  let depth = 0
  for (let at = document; Array.isArray(at); at = at[0]) depth++
  return `${'['.repeat(depth)}{"x":1}${']'.repeat(depth)}`
}
