import test from 'ava'
import fc from 'fast-check'
import type { CompiledTest, RenderedRequest } from '../../../../core/scenario/compiled.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { compiled } from '../../../kit/scenario.ts'

type HttpRequest = Extract<RenderedRequest, { readonly kind: 'http' }>

const cat = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256)
const files = {
  'img/cat.jpg': cat,
  'tiny.bin': Uint8Array.of(0, 255, 13, 10),
  'order.xml': new TextEncoder().encode('<order id="${iteration()}">\n<by>${who}</by>$${x}</order>'),
  'plain.json': new TextEncoder().encode('{"a":"${not a template}"}'),
}

function bodyTest(...steps: Json[]): CompiledTest {
  const test = parsedTest({ variables: { who: 'ada' }, scenarios: [{ name: 'one', steps }] })
  return compiled(test, files)
}

function render(subject: CompiledTest, arrival: number, index = 0): HttpRequest {
  const scope = subject.createScope()
  scope.begin(1, 0, arrival, 0, 0)
  const request = subject.requests[index]?.render(scope)
  if (request?.kind !== 'http') throw new Error('no HTTP request')
  return request
}

function header({ headers }: HttpRequest, name: string): string | undefined {
  const at = headers.indexOf(name)
  return at < 0 ? undefined : headers[at + 1]
}

function bytesOf({ body }: HttpRequest): Uint8Array<ArrayBuffer> {
  const pieces =
    body === null ? [] : typeof body === 'string' ? [Buffer.from(body)] : Array.isArray(body) ? body : [body]
  return new Uint8Array(Buffer.concat(pieces as Uint8Array[]))
}

/** As a server reads it. */
async function partsOf(
  request: HttpRequest,
): Promise<[string, string | { name: string; type: string; bytes: number[] }][]> {
  const response = new Response(bytesOf(request), {
    headers: { 'content-type': header(request, 'content-type') ?? '' },
  })
  const form = await response.formData()
  return Promise.all(
    [...form].map(
      async ([name, value]): Promise<[string, string | { name: string; type: string; bytes: number[] }]> => {
        if (typeof value === 'string') return [name, value]
        return [
          name,
          { name: value.name, type: value.type, bytes: [...new Uint8Array(await value.arrayBuffer())] },
        ]
      },
    ),
  )
}

test('a file is the body: its bytes, its type by its name or as given', (t) => {
  const subject = bodyTest(
    { post: '/', body: { file: 'img/cat.jpg' } },
    { post: '/', body: { file: 'plain.json' } },
    { post: '/', body: { file: 'tiny.bin', type: 'application/x-tiny' } },
    { post: '/', body: { file: 'tiny.bin' }, headers: { 'Content-Type': 'x/y' } },
  )
  const [first, second, third, fourth] = [0, 1, 2, 3].map((index) => render(subject, 0, index))
  t.is(first?.body, cat, 'the file itself, not a copy')
  t.is(header(first as HttpRequest, 'content-type'), 'image/jpeg')
  t.is(Buffer.from(bytesOf(second as HttpRequest)).toString(), '{"a":"${not a template}"}')
  t.is(header(second as HttpRequest, 'content-type'), 'application/json')
  t.is(header(third as HttpRequest, 'content-type'), 'application/x-tiny')
  t.is(header(fourth as HttpRequest, 'content-type'), 'x/y')
})

test('a file that is a template has its holes filled for each request', (t) => {
  const subject = bodyTest({ post: '/', body: { file: 'order.xml', template: true } })
  t.is(subject.requests[0]?.constant, null)
  t.is(render(subject, 5).body, '<order id="5">\n<by>ada</by>${x}</order>')
  t.is(header(render(subject, 5), 'content-type'), 'application/xml')
})

test('a body of parts says what each is, in the order of the file', async (t) => {
  const subject = bodyTest({
    post: '/',
    multipart: {
      note: 'for ${who}\r\n--x',
      count: 3,
      meta: { json: { id: '${iteration()}', who: '${who}' } },
      'a "b"': 'quoted',
      photo: { file: 'img/cat.jpg' },
      docs: [
        { file: 'tiny.bin', filename: '${who} "1".bin', type: 'application/x-tiny' },
        { file: 'order.xml', template: true },
        { text: 'typed', type: 'text/markdown', filename: 'é.md' },
      ],
    },
  })
  const request = render(subject, 9)
  const bytes = Buffer.from(bytesOf(request)).toString('latin1')
  t.regex(
    header(request, 'content-type') ?? '',
    /^multipart\/form-data; boundary=breakwater-[A-Za-z0-9]{24}$/,
  )
  t.true(bytes.includes('\r\ncontent-disposition: form-data; name="a %22b%22"\r\n\r\nquoted\r\n'))
  t.true(
    bytes.includes(
      'content-disposition: form-data; name="meta"\r\ncontent-type: application/json\r\n\r\n{"id":9,"who":"ada"}\r\n',
    ),
  )
  t.deepEqual(await partsOf(request), [
    ['note', 'for ada\r\n--x'],
    ['count', '3'],
    ['meta', '{"id":9,"who":"ada"}'],
    ['a "b"', 'quoted'],
    ['photo', { name: 'cat.jpg', type: 'image/jpeg', bytes: [...cat] }],
    ['docs', { name: 'ada "1".bin', type: 'application/x-tiny', bytes: [0, 255, 13, 10] }],
    [
      'docs',
      {
        name: 'order.xml',
        type: 'application/xml',
        bytes: [...Buffer.from('<order id="9">\n<by>ada</by>${x}</order>')],
      },
    ],
    ['docs', { name: 'é.md', type: 'text/markdown', bytes: [...Buffer.from('typed')] }],
  ])
})

test('the boundary is drawn for each request, by the seed and the arrival', (t) => {
  const subject = bodyTest(
    { post: '/', multipart: { n: '${iteration()}' } },
    { post: '/', multipart: { n: '${iteration()}' } },
  )
  const type = (arrival: number, index: number) => header(render(subject, arrival, index), 'content-type')
  t.is(type(1, 0), type(1, 0))
  t.not(type(1, 0), type(2, 0))
  const scope = subject.createScope()
  scope.begin(1, 0, 1, 0, 0)
  const types = subject.requests.map((request) =>
    header(request.render(scope) as HttpRequest, 'content-type'),
  )
  t.is(new Set(types).size, 2)
})

test('parts in which nothing varies are written once, and a large file in them is never copied', async (t) => {
  const subject = bodyTest({ post: '/', multipart: { note: 'for ${who}', photo: { file: 'img/cat.jpg' } } })
  const request = subject.requests[0]?.constant as HttpRequest
  t.truthy(request)
  t.true(Array.isArray(request.body) && request.body.includes(cat))
  t.deepEqual(
    (await partsOf(request)).map(([name]) => name),
    ['note', 'photo'],
  )
  t.is(
    header(request, 'content-type'),
    header(
      bodyTest({ post: '/', multipart: { note: 'for ${who}', photo: { file: 'img/cat.jpg' } } }).requests[0]
        ?.constant as HttpRequest,
      'content-type',
    ),
  )
})

test('a large file beside something that varies is handed on, not copied', (t) => {
  const subject = bodyTest({ post: '/', multipart: { n: '${iteration()}', photo: { file: 'img/cat.jpg' } } })
  const { body } = render(subject, 1)
  t.true(Array.isArray(body) && body.length === 3 && body[1] === cat)
})

test('small files are written in one piece with what stands around them', (t) => {
  const { body } = render(
    bodyTest({ post: '/', multipart: { n: '${iteration()}', x: { file: 'tiny.bin' } } }),
    1,
  )
  t.true(body instanceof Uint8Array)
})

test('a content type of the target is not put over that of a body of parts', (t) => {
  const test = parsedTest({
    target: { url: 'http://shop.test', headers: { 'Content-Type': 'application/json' } },
    scenarios: [{ name: 'one', steps: [{ post: '/', multipart: { a: 'b' } }] }],
  })
  const request = compiled(test).requests[0]?.constant as HttpRequest
  t.regex(header(request, 'content-type') ?? '', /^multipart\/form-data/)
})

test('whatever is in the parts, a server reads them as they were written', async (t) => {
  const texts = fc.dictionary(
    fc
      .string({ minLength: 1, maxLength: 20 })
      .filter(
        (name) =>
          !/[\r\n$]/.test(name) && !/^(__proto__|constructor|prototype)$/.test(name) && name.isWellFormed(),
      ),
    fc
      .string({ maxLength: 40, unit: 'grapheme' })
      .filter((text) => !text.includes('$') && text.isWellFormed()),
    { minKeys: 1, maxKeys: 5 },
  )
  await fc.assert(
    fc.asyncProperty(texts, async (parts) => {
      const request = render(bodyTest({ post: '/', multipart: { ...parts, _n: '${iteration()}' } }), 4)
      const read = Object.fromEntries(await partsOf(request))
      const { _n: number, ...rest } = read
      t.deepEqual([rest, number], [parts, '4'])
    }),
    { numRuns: 100 },
  )
})
