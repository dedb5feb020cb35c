import test from 'ava'
import type { ReceivedResponse } from '../../../../core/scenario/compiled.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { captured, judged } from '../../../kit/answered.ts'
import { cpuMs } from '../../../kit/cpu-time.ts'
import { answer } from '../../../kit/scenario.ts'

const page = answer({
  headers: [
    'content-type',
    'text/html',
    'set-cookie',
    'sid=old; Path=/',
    'set-cookie',
    ' sid = "a b"; HttpOnly',
    'set-cookie',
    'empty=',
    'set-cookie',
    'nonsense',
  ],
  body: '<a href="/p/11">Eleven</a>\n<a href="/p/22">Twenty-two</a>\n<a href="/p/33">Thirty-three</a>',
})
const list = answer({
  body: JSON.stringify({ items: [{ id: 5 }, { id: 6, tags: ['x'] }, { id: 7 }], none: null }),
})

type Row = readonly [Readonly<Record<string, Json>>, ReceivedResponse, Json]

const found: readonly Row[] = [
  [{ regex: '/p/(\\d+)' }, page, '11'],
  [{ regex: '/p/\\d+' }, page, '/p/11'],
  [{ regex: '/p/(\\d)(\\d)' }, page, '1'],
  [{ regex: '/p/(\\d)(\\d)', group: 2 }, page, '1'],
  [{ regex: '/p/(\\d)(\\d)', group: 0 }, page, '/p/11'],
  [{ regex: '/p/(\\d+)', index: 1 }, page, '22'],
  [{ regex: '/p/(\\d+)', index: -1 }, page, '33'],
  [{ regex: '/p/(\\d+)', all: true }, page, ['11', '22', '33']],
  [{ regex: '(?m)^<a href="([^"]*)', all: true }, page, ['/p/11', '/p/22', '/p/33']],
  [{ regex: '^<a href="([^"]*)', all: true }, page, ['/p/11']],
  [{ regex: '(?i)ELEVEN(x)?' }, page, ''],
  [{ regex: 'nowhere', default: { a: ['${seven}'] } }, page, { a: [7] }],
  [{ regex: 'nowhere', all: true, default: [] }, page, []],
  [{ regex: 'x*', all: true }, answer({ body: 'axxb' }), ['', 'xx', '', '']],
  [{ cookie: 'sid' }, page, '"a b"'],
  [{ cookie: 'empty' }, page, ''],
  [{ cookie: 'other', default: null }, page, null],
  [{ header: 'x-nothing', default: 'none of ${seven}' }, page, 'none of 7'],
  [{ json: '$.items[*].id', all: true }, list, [5, 6, 7]],
  [{ json: '$.items[*].id', index: 1 }, list, 6],
  [{ json: '$..id', index: -1 }, list, 7],
  [{ json: '$.items[?@.tags].id', all: true }, list, [6]],
  [{ json: '$.items[1]', all: true }, list, [{ id: 6, tags: ['x'] }]],
  [{ json: '$.none' }, list, null],
  [{ json: '$.none', default: 1 }, list, null],
  [{ json: '$.nothing', default: 1 }, list, 1],
  [{ json: '$.a', default: false }, page, false],
]

for (const [capture, response, value] of found) {
  test(`the capture ${JSON.stringify(capture)} takes ${JSON.stringify(value)}`, (t) => {
    t.deepEqual(captured(capture, response, { variables: { seven: 7 } }), { value })
  })
}

const lost: readonly (readonly [Readonly<Record<string, Json>>, ReceivedResponse, string])[] = [
  [{ regex: 'nowhere' }, page, 'expected /nowhere/ to capture, but it is not in the answer'],
  [{ regex: '/p/(\\d+)', index: 3 }, page, 'expected //p/(\\d+)/ to capture, but it is not in the answer'],
  [{ regex: '/p/(\\d+)', index: -4 }, page, 'expected //p/(\\d+)/ to capture, but it is not in the answer'],
  [{ regex: 'nowhere', all: true }, page, 'expected /nowhere/ to capture, but it is not in the answer'],
  [{ cookie: 'Sid' }, page, 'expected the cookie Sid to capture, but it is not in the answer'],
  [{ cookie: 'nonsense' }, page, 'expected the cookie nonsense to capture, but it is not in the answer'],
  [{ json: '$.items[*].id', all: true }, page, 'expected $.items[*].id to capture, but the body is not JSON'],
  [{ json: '$.nope[*]', all: true }, list, 'expected $.nope[*] to capture, but it is not in the answer'],
  [
    { json: '$[*]', all: true },
    answer({ body: `[${'1,'.repeat(10_000)}1]` }),
    'expected $[*] to capture, but there are more than 10000 matches in the answer',
  ],
]

for (const [capture, response, problem] of lost) {
  test(`the capture ${JSON.stringify(capture)} fails: ${problem}`, (t) => {
    t.deepEqual(captured(capture, response), { problem })
  })
}

test('a random match is drawn from all of them, by the seed and the arrival', (t) => {
  const draw = (arrival: number) => captured({ regex: '/p/(\\d+)', index: 'random' }, page, { arrival })
  const drawn = Array.from({ length: 60 }, (_, arrival) => draw(arrival))
  t.deepEqual([...new Set(drawn.map((one) => ('value' in one ? one.value : one.problem)))].sort(), [
    '11',
    '22',
    '33',
  ])
  t.deepEqual(draw(7), drawn[7])
})

const checks: readonly (readonly [Readonly<Record<string, Json>>, string | null])[] = [
  [{ cookie: { sid: { exists: true } } }, null],
  [{ cookie: { other: { exists: false } } }, null],
  [{ cookie: { sid: 'x' } }, 'expected the cookie sid to be "x", got "\\"a b\\""'],
  [{ regex: { '/p/(\\d+)': '> 10' } }, null],
  [{ regex: { '/p/(\\d+)': 11 } }, null],
  [{ regex: { '/p/(\\d+)': '> 11' } }, 'expected //p/(\\d+)/ in the body to be > 11, got "11"'],
  [{ regex: { 'Fatal|Panic': { exists: false } } }, null],
  [
    { regex: { 'nowhere(x)': { exists: true } } },
    'expected /nowhere(x)/ in the body to be something, got nothing',
  ],
  [{ body: { contains: 'TWENTY-two', ignoreCase: true } }, null],
  [{ body: { not: '~error' } }, null],
  [{ body: { not: { contains: 'ELEVEN', ignoreCase: true } } }, 'a'],
  [{ body: { matches: 'thirty', ignoreCase: true } }, null],
  [{ header: { 'content-type': { equals: 'TEXT/HTML', ignoreCase: true } } }, null],
  [{ header: { 'content-type': { in: ['A', 'Text/Html'], ignoreCase: true } } }, null],
  [
    { header: { 'content-type': { not: 'text/html' } } },
    'expected the header content-type to be anything but "text/html", got "text/html"',
  ],
  [{ header: { 'x-debug': { not: { exists: true } } } }, null],
  [{ size: { not: '> 10KiB' } }, null],
]

for (const [check, detail] of checks) {
  test(`the check ${JSON.stringify(check)} ${detail === null ? 'holds' : 'fails'}`, (t) => {
    const judgement = judged({ check }, page)
    t.is(judgement.error, detail === null ? null : 'check')
    if (detail === 'a')
      t.regex(judgement.detail ?? '', /^expected the body to be anything but something with "ELEVEN" in it/)
    else t.is(judgement.detail, detail)
  })
}

test('a regular expression on 8 MB looks at the first million characters, in bounded time whatever is to be found', (t) => {
  const hostile = answer({ body: 'x'.repeat(8 << 20) })
  const spent = cpuMs(() => {
    for (const regex of ['(x+x+)+y', 'x(?:.*y)?', '(?:x|xx)*z', '(x|y)*x(x|y){20}z']) {
      for (const take of [{}, { all: true as const }, { index: -1 }, { index: 9999 }])
        captured({ regex, ...take }, hostile)
    }
  })
  t.true(spent < 20_000, `${spent} ms`)
  t.deepEqual(captured({ regex: 'end$' }, answer({ body: `${' '.repeat(1 << 20)}end` })), {
    problem: 'expected /end$/ to capture, but it is not in the answer',
  })
})
