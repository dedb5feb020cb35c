import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Json } from '../../core/spec/load-test.ts'
import { startBreakwater } from '../kit/breakwater.ts'
import { runSpec } from '../kit/cluster.ts'
import { specText } from '../kit/malformed-files.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

type Answers = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void

async function serve(t: ExecutionContext, answers: Answers): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    answers(request, Buffer.concat(chunks), response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const steady = (rate: number) => [{ phase: 'steady', rate, duration: '1s' }]

test('values of a page lead to the next requests, and every one of them arrives', async (t) => {
  const paths: string[] = []
  const url = await serve(t, ({ url = '' }, body, response) => {
    paths.push(`${url} ${body.toString()}`)
    response.setHeader('set-cookie', 'sid=s1; Path=/')
    response.setHeader('content-type', 'text/html')
    response.end(
      '<form><input name=csrf value="t&amp;1"></form><a class=p href="/p/1">1</a><a class=p href="/p/2">2</a>build 77',
    )
  })
  const { accounts } = await runSpec(
    {
      target: { url },
      scenarios: [
        {
          name: 'shop',
          steps: [
            {
              get: '/',
              name: 'home',
              check: { css: { 'a.p': { count: 2 } }, cookie: { sid: 's1' } },
              capture: {
                csrf: { css: 'input[name=csrf]', attribute: 'value' },
                links: { css: 'a.p', attribute: 'href', all: true },
                build: { regex: 'build (\\d+)' },
                sid: { cookie: 'sid' },
              },
            },
            {
              forEach: { of: '${links}', as: 'link' },
              steps: [{ get: '/go', name: 'link', query: { to: '${link}' } }],
            },
            { post: '/buy', text: '${csrf} ${build} ${sid}' },
          ],
        },
      ],
      load: steady(20),
    } satisfies Readonly<Record<string, Json>>,
    { workers: 2 },
  )
  t.is(accounts.requests.failed, 0)
  t.is(accounts.requests.ok, 80)
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1)
  t.deepEqual(
    [...counts].sort(),
    [
      ['/ ', 20],
      ['/buy t&1 77 s1', 20],
      ['/go?to=%2Fp%2F1 ', 20],
      ['/go?to=%2Fp%2F2 ', 20],
    ].sort() as [string, number][],
  )
})

test('files arrive byte by byte, alone and among parts, from each thread of each worker', async (t) => {
  const cat = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31) >> 3)
  const digest = createHash('sha256').update(cat).digest('hex')
  const seen: string[] = []
  const url = await serve(t, async ({ headers, url = '' }, body, response) => {
    response.end()
    const type = headers['content-type'] ?? ''
    const parts: [string, string][] = [['file', createHash('sha256').update(body).digest('hex')]]
    if (type.startsWith('multipart/')) {
      parts.length = 0
      const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
      for (const [name, value] of form) {
        const bytes = typeof value === 'string' ? value : new Uint8Array(await value.arrayBuffer())
        parts.push([
          name,
          typeof bytes === 'string' ? bytes : createHash('sha256').update(bytes).digest('hex'),
        ])
      }
    }
    seen.push(`${url} ${headers['transfer-encoding'] ?? 'whole'} ${JSON.stringify(parts)}`)
  })
  const { accounts } = await runSpec(
    {
      target: { url },
      scenarios: [
        {
          name: 'upload',
          steps: [
            { post: '/file', body: { file: 'cat.jpg' } },
            { post: '/parts', multipart: { n: '${iteration()}', photo: { file: 'cat.jpg' } } },
          ],
        },
      ],
      load: steady(20),
    },
    { workers: 2, threads: 2, files: { 'cat.jpg': cat } },
  )
  t.is(accounts.requests.failed, 0)
  t.deepEqual(
    seen.sort(),
    [
      ...Array.from({ length: 20 }, () => `/file whole [["file","${digest}"]]`),
      ...Array.from({ length: 20 }, (_, n) => `/parts whole [["n","${n}"],["photo","${digest}"]]`),
    ].sort(),
  )
})

test('answers made to hurt, and values that grow, are counted as what they are, and the run ends in time', async (t) => {
  const bombs: Readonly<Record<string, [type: string, body: string]>> = {
    '/html': ['text/html', '<a>'.repeat(1_000_000)],
    '/xml': [
      'text/xml',
      `<!DOCTYPE x [<!ENTITY a "${'ha'.repeat(1000)}">]><x>${'&a;'.repeat(1_000_000)}</x>`,
    ],
    '/json': ['application/json', '['.repeat(5_000_000)],
    '/regex': ['text/plain', 'x'.repeat(4_000_000)],
    '/long': ['text/plain', 'x'.repeat(12_000_000)],
  }
  const url = await serve(t, ({ url = '' }, body, response) => {
    const [type, text] = bombs[url] ?? [
      'application/json',
      JSON.stringify(body.toString() || 'x'.repeat(1000)),
    ]
    response.setHeader('content-type', type)
    response.end(text)
  })
  const over = { onError: 'continue' }
  const { record, accounts } = await runSpec({
    target: { url },
    scenarios: [
      {
        name: 'hostile',
        steps: [
          { get: '/html', ...over, check: { css: { 'a a a b': { exists: false } } } },
          { get: '/xml', ...over, check: { css: { x: '~haha' } } },
          { get: '/json', ...over, capture: { deep: { json: '$..a' } } },
          { get: '/regex', ...over, check: { regex: { '(x+x+)+y': { exists: true } } } },
          { get: '/long', ...over, capture: { long: { regex: '(?s).*' } } },
          { get: '/grow', name: 'first', capture: { it: { json: '$' } } },
          {
            repeat: 20,
            steps: [
              {
                post: '/grow',
                ...over,
                text: '${it}${it}',
                capture: { it: { json: '$', default: '${it}' } },
              },
            ],
          },
        ],
      },
    ],
    load: [{ phase: 'one', users: 1, iterations: 2 }],
  })
  t.is(record.ended, 'finished')
  const { attempted, errors, sent } = accounts.requests
  t.is(attempted, 2 * 26)
  t.is(errors.check, 2 * 3)
  t.is(errors.capture, 2)
  // The long body, and each round from the one on in which the answer is over the bound.
  t.true((errors.too_large ?? 0) > 2)
  t.true(sent <= attempted)
})

test('two million rows are drawn uniquely by two workers of two threads, in memory that holds the file once', async (t) => {
  const rows = 2_000_000
  const seen: string[] = []
  const url = await serve(t, ({ url = '' }, _body, response) => {
    seen.push(url)
    response.end()
  })
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const row = (n: number) =>
    `${n},user ${n},${n % 7 === 0 ? '"Bath, ""Somerset"""' : 'Ely'},${'x'.repeat(24)}\n`
  const blocks = Array.from({ length: 200 }, (_, block) =>
    Array.from({ length: rows / 200 }, (_, n) => row(block * (rows / 200) + n)).join(''),
  )
  await writeFile(join(folder.path, 'users.csv'), `id,name,town,rest\n${blocks.join('')}`)
  await writeFile(
    join(folder.path, 'test.yaml'),
    specText({
      target: `url: ${url}`,
      data: 'users: { csv: users.csv }',
      scenarios: '- { name: a, steps: [ { get: /u, query: { id: "${users.id}", town: "${users.town}" } } ] }',
      load: '- { phase: steady, rate: 100, duration: 1s }',
    }),
  )
  const out = join(folder.path, 'out')
  const run = await startBreakwater([
    'run',
    join(folder.path, 'test.yaml'),
    ...['--workers', '2', '--threads', '2', '--quiet', '--out', out],
  ])
  let peakKiB = 0
  while (run.isRunning()) {
    const status = await readFile(`/proc/${run.pid}/status`, 'utf8').catch(() => '')
    peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  t.is(await run.ended, 0, run.output())
  t.deepEqual(
    seen.sort(),
    Array.from(
      { length: 100 },
      (_, n) => `/u?id=${n}&town=${n % 7 === 0 ? 'Bath%2C%20%22Somerset%22' : 'Ely'}`,
    ).sort(),
  )
  // The file has 100 MB; a copy for each of the threads would be 400 MB more, and what becomes of its rows as objects a GB.
  t.true(peakKiB > 0 && peakKiB < 750 * 1024, `${peakKiB} KiB`)
})
