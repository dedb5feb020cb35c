import test from 'ava'
import fc from 'fast-check'
import type { Judgement } from '../../../../core/scenario/compiled.ts'
import { type MarkupWish, searchMarkup } from '../../../../core/scenario/markup.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parseSelector } from '../../../../core/spec/selector.ts'
import { captured, judged } from '../../../kit/answered.ts'
import { cpuMs } from '../../../kit/cpu-time.ts'
import { answer } from '../../../kit/scenario.ts'

const html = answer({
  headers: ['content-type', 'text/html; charset=utf-8'],
  body: `<!doctype html><html lang="en-GB"><head><title>Shop &amp; more</title><meta name="csrf" content="a&quot;b"></head>
<body><!-- <p class="lead">no</p> --><p CLASS="lead  big">One <b>and
  only</b> &eacute;<p>Two
<ul id=items><li data-id=1>first<li data-id=2><a href="/p/2">second</a><li>third</ul>
<form><input name=csrf value="t0k&amp;n"><textarea>x <b>y</b></textarea></form><script>var a = "<li data-id=9>"</script>`,
})

const xml = answer({
  headers: ['content-type', 'application/soap+xml'],
  body: `<?xml version="1.0"?><!DOCTYPE c [<!ENTITY x "y">]><soap:Envelope xmlns:soap="http://s"><soap:Body>
  <Catalog><item id="1"><price cur="EUR">10</price></item><item id="2"><price><![CDATA[<20>]]></price></item><empty/></Catalog>
</soap:Body></soap:Envelope>`,
})

const captures: readonly (readonly [Readonly<Record<string, Json>>, typeof html, Json])[] = [
  [{ css: 'title' }, html, 'Shop & more'],
  [{ css: 'meta[name=csrf]', attribute: 'content' }, html, 'a"b'],
  [{ css: 'input[name=csrf]', attribute: 'value' }, html, 't0k&n'],
  [{ css: 'INPUT[NAME=csrf]', attribute: 'VALUE' }, html, 't0k&n'],
  [{ css: 'p.lead' }, html, 'One and only é'],
  [{ css: 'p + p' }, html, 'Two'],
  [{ css: '#items > li', all: true }, html, ['first', 'second', 'third']],
  [{ css: '#items > li', index: -1 }, html, 'third'],
  [{ css: '#items > li', index: 1 }, html, 'second'],
  [{ css: 'li', attribute: 'data-id', all: true }, html, ['1', '2']],
  [{ css: 'li a[href]', attribute: 'href' }, html, '/p/2'],
  [{ css: 'textarea' }, html, 'x <b>y</b>'],
  [{ css: 'html[lang|=en] > head > title' }, html, 'Shop & more'],
  [{ css: 'h1, title, p' }, html, 'Shop & more'],
  [{ css: 'nope', default: 'x' }, html, 'x'],
  [{ css: 'item > price' }, xml, '10'],
  [{ css: 'Catalog item:nth-child(2) price' }, xml, '<20>'],
  [{ css: 'item', attribute: 'id', all: true }, xml, ['1', '2']],
  [{ css: 'soap|Body price', attribute: 'cur' }, xml, 'EUR'],
  [{ css: 'Body price', attribute: 'cur' }, xml, 'EUR'],
  [{ css: 'empty' }, xml, ''],
  [{ css: 'catalog', default: null }, xml, null],
  [{ css: 'a' }, answer({ body: '<?xml version="1.0"?><A><a>x</a></A>' }), 'x'],
]
for (const [capture, response, value] of captures) {
  test(`the capture ${JSON.stringify(capture)} takes ${JSON.stringify(value)}`, (t) => {
    t.deepEqual(captured(capture, response), { value })
  })
}

test('an element that is not there fails the capture', (t) => {
  t.deepEqual(captured({ css: 'a.next', attribute: 'href' }, html), {
    problem: 'expected a.next [href] to capture, but it is not in the answer',
  })
})

const checks: readonly (readonly [Readonly<Record<string, Json>>, typeof html, string | null])[] = [
  [{ 'item > price': '10' }, xml, null],
  [{ 'item > price': 10 }, xml, null],
  [{ 'item > price': '> 9' }, xml, null],
  [{ 'item > price': '> 10' }, xml, 'expected item > price to be > 10, got "10"'],
  [{ item: { count: 2 } }, xml, null],
  [{ item: { count: '> 2' } }, xml, 'expected the count of item to be > 2, got 2'],
  [{ error: { count: 0 } }, xml, null],
  [{ error: { exists: false } }, xml, null],
  [{ 'price[cur]': { attribute: 'cur', is: 'EUR' } }, xml, null],
  [{ item: { attribute: 'id', is: '> 1' } }, xml, 'expected [id] of item to be > 1, got "1"'],
  [{ title: '~Shop', li: { count: 3 }, '.lead.big': { not: '~Two' } }, html, null],
]
for (const [css, response, detail] of checks) {
  test(`the check ${JSON.stringify(css)} ${detail === null ? 'holds' : 'fails'}`, (t) => {
    const judgement = judged({ check: { css } }, response)
    t.is(judgement.detail, detail)
    t.is(judgement.checksFailed, detail === null ? 0 : 1)
  })
}

/** Documents that are costly to those who look ahead, expand or recurse; each 8 MB. */
const size = 8 << 20
const filled = (text: string) => text.repeat(Math.ceil(size / text.length))
const bombs: readonly (readonly [string, string, boolean])[] = [
  ['elements nested without end', filled('<a>'), false],
  ['elements beside each other without end', filled('<a></a>'), false],
  ['closing tags of nothing', `${'<a>'.repeat(500)}${filled('</b>')}`, false],
  ['an attribute of 8 MB', `<a x="${filled('y ')}">`, false],
  ['an attribute that never ends', `<a x="${filled('y')}`, false],
  ['a million attributes', `<a ${filled('b=1 ')}>`, false],
  ['unclosed list items', `<ul>${filled('<li>')}`, false],
  ['beginnings of entities', filled('&CounterClockwiseContourIntegra'), false],
  ['beginnings of comments', filled('<!--'), false],
  [
    'a billion laughs',
    `<!DOCTYPE x [<!ENTITY a "ha">${Array.from({ length: 30 }, (_, i) => `<!ENTITY a${i} "${'&a;'.repeat(10)}">`).join('')}]><x>${filled('&a29;')}</x>`,
    true,
  ],
  ['elements nested without end', filled('<a>'), true],
  ['beginnings of CDATA', filled('<![CDATA['), true],
]
for (const [what, body, isXml] of bombs) {
  test(`${what} (${isXml ? 'XML' : 'HTML'}) are searched in bounded time, and are not taken for a good answer`, (t) => {
    const response = answer({ headers: ['content-type', isXml ? 'text/xml' : 'text/html'], body })
    const check = { css: { 'a > b ~ c a a a a d, e:not(.x):is(a,b):nth-of-type(3n+1)': { exists: false } } }
    let judgement: Judgement | null = null
    const spent = cpuMs(() => {
      judgement = judged({ check, capture: { z: { css: 'z', all: true } } }, response)
    })
    t.true(spent < 5_000, `${spent} ms`)
    const { error, detail } = judgement as unknown as Judgement
    t.is(error, 'check')
    t.regex(detail ?? '', /but the document (has more than|is nested deeper than)/)
  })
}

test('entities that a document defines are not expanded', (t) => {
  const body = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY f SYSTEM "file:///etc/passwd">]><x>1&a;2&f;3</x>'
  t.deepEqual(captured({ css: 'x' }, answer({ headers: ['content-type', 'text/xml'], body })), {
    value: '1&a;2&f;3',
  })
})

test('texts of more than a megabyte in all are refused', (t) => {
  const body = `<p>${'x'.repeat(600_000)}</p>`.repeat(2)
  t.deepEqual(captured({ css: 'p', all: true }, answer({ body })), {
    problem: 'expected p to capture, but the document has more than 1048576 characters there',
  })
  t.true('value' in captured({ css: 'p' }, answer({ body })))
})

interface Tree {
  readonly name: string
  readonly mark: string
  readonly children: readonly Tree[]
}

const treeOf = (depth: number): fc.Arbitrary<Tree> =>
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    mark: fc.constantFrom('x', 'y', 'x y'),
    children: depth === 0 ? fc.constant([]) : fc.array(treeOf(depth - 1), { maxLength: 4 }),
  })

const compound = fc
  .tuple(
    fc.constantFrom('a', 'b', '*'),
    fc.constantFrom(
      '',
      '.x',
      ':not(.y)',
      ':nth-child(2n+1)',
      ':first-child',
      ':nth-of-type(2)',
      ':is(.x.y, b)',
    ),
  )
  .map((parts) => parts.join(''))
const selector = fc
  .tuple(compound, fc.array(fc.tuple(fc.constantFrom(' ', ' > ', ' + ', ' ~ '), compound), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''))

test('elements are selected as the definition of CSS has it, whatever the tree and the selector', (t) => {
  fc.assert(
    fc.property(treeOf(4), fc.array(selector, { minLength: 1, maxLength: 3 }), (root, selectors) => {
      const text = selectors.join(', ')
      const parsed = parseSelector(text)
      if (!parsed.ok) throw new Error(parsed.message)
      const places = new Map<Place, number>()
      const written = write(place(root, null, 0), places)
      const wish: MarkupWish = { selector: parsed.selector, of: { attribute: 'n' }, most: 10_000 }
      const [found] = searchMarkup(written, true, [wish])
      const expected = [...places].filter(([one]) => selectors.some((each) => matches(one, each)))
      t.deepEqual(
        found?.values.map(Number),
        expected.map(([, number]) => number),
        `${text} in ${written}`,
      )
    }),
    { numRuns: 500 },
  )
})

interface Place {
  readonly of: Tree
  readonly parent: Place | null
  readonly index: number
  readonly children: Place[]
}

function place(of: Tree, parent: Place | null, index: number): Place {
  const own: Place = { of, parent, index, children: [] }
  own.children.push(...of.children.map((child, at) => place(child, own, at)))
  return own
}

function write(one: Place, numbers: Map<Place, number>): string {
  numbers.set(one, numbers.size)
  const { name, mark } = one.of
  const start = `<${name} n="${numbers.get(one)}" class="${mark}">`
  return `${start}${one.children.map((child) => write(child, numbers)).join('')}</${name}>`
}

/** From the right to the left, trying every way: the definition, and exponential. */
function matches(one: Place, selector: string): boolean {
  const [, before, combinator, last = ''] =
    /^(.*?)(?:( > | \+ | ~ | )(?! *[>+~]))?([^ >+~]+(?:\([^)]*\))?)$/.exec(selector) ?? []
  if (before === undefined || before === '') return fits(one, selector)
  if (!fits(one, last)) return false
  const siblings = one.parent?.children.slice(0, one.index) ?? []
  switch (combinator) {
    case ' > ':
      return one.parent !== null && matches(one.parent, before)
    case ' + ':
      return siblings.slice(-1).some((sibling) => matches(sibling, before))
    case ' ~ ':
      return siblings.some((sibling) => matches(sibling, before))
    default: {
      for (let above = one.parent; above !== null; above = above.parent)
        if (matches(above, before)) return true
      return false
    }
  }
}

function fits({ of, parent, index }: Place, text: string): boolean {
  const [, name = '', rest = ''] = /^(\*|\w+)(.*)$/.exec(text) ?? []
  if (name !== '*' && name !== of.name) return false
  const marks = of.mark.split(' ')
  const alike =
    parent === null
      ? 1
      : parent.of.children.slice(0, index + 1).filter((child) => child.name === of.name).length
  switch (rest) {
    case '':
      return true
    case '.x':
      return marks.includes('x')
    case ':not(.y)':
      return !marks.includes('y')
    case ':nth-child(2n+1)':
      return index % 2 === 0
    case ':first-child':
      return index === 0
    case ':nth-of-type(2)':
      return alike === 2
    case ':is(.x.y, b)':
      return (marks.includes('x') && marks.includes('y')) || of.name === 'b'
    default:
      throw new Error(rest)
  }
}
