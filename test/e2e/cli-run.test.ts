import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { startDemoProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const demo = await startDemoProcess(['--servers', '8', '--service-time', '1ms'])
const folder = await makeTempDir()
const at = (name: string) => join(folder.path, name)

test.after.always(async () => {
  await demo.stop()
  await folder.remove()
})

const resultFiles = [
  'events.ndjson',
  'failures.ndjson',
  'junit.xml',
  'report.html',
  'report.md',
  'result.json',
  'run.hlog',
  'series.csv',
  'spec.yaml',
  'steps.csv',
]

async function testFile(name: string, parts: Readonly<Record<string, string>>): Promise<string> {
  const file = at(name)
  await writeFile(file, specText({ target: `url: ${demo.url}`, ...parts }))
  return file
}

async function resultIn(folder: string): Promise<ResultDocument> {
  return JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as ResultDocument
}

test('a run that holds its objectives passes, and leaves every file of a result', async (t) => {
  const file = await testFile('pass.yaml', {
    load: '- { phase: steady, rate: 100, duration: 2s }',
    objectives: '- error_rate < 1%',
  })
  const { code, stdout, stderr } = await breakwater(
    [
      'run',
      file,
      '--workers',
      '3',
      '--threads',
      '1',
      '--seed',
      '7',
      '--label',
      'team=qa',
      '--name',
      'nightly run',
    ],
    { cwd: folder.path },
  )
  t.is(code, 0, stderr)
  t.regex(stdout, /PASS/)
  t.regex(stdout, /error_rate < 1%/)
  t.regex(stderr, /preparing 3 workers/)
  t.false((stdout + stderr).includes('\u001b'))
  const [name = ''] = (await readdir(at('breakwater-results'))).filter((name) =>
    name.startsWith('nightly run-'),
  )
  const result = at(`breakwater-results/${name}`)
  t.deepEqual((await readdir(result)).sort(), resultFiles)
  t.true(stdout.includes(join('breakwater-results', name, 'report.html')))
  const document = await resultIn(result)
  t.like(document, {
    schema: 'breakwater.dev/result/v1',
    name: 'nightly run',
    seed: 7,
    labels: { team: 'qa' },
    ended: 'finished',
    verdict: 'pass',
    exitCode: 0,
    ledger: { planned: 200, started: 200, balanced: true },
    requests: { attempted: 200, sent: 200, ok: 200 },
  })
  t.is(document.workers.length, 3)
  const again = await breakwater(['validate', join(result, 'spec.yaml')])
  t.is(again.code, 0, again.stderr)
  for (const [format, stored] of [
    ['html', 'report.html'],
    ['md', 'report.md'],
    ['json', 'result.json'],
    ['junit', 'junit.xml'],
    ['csv', 'steps.csv'],
  ] as const) {
    const report = await breakwater(['report', name.replace(/^.*-/, ''), '--format', format], {
      cwd: folder.path,
    })
    t.is(report.code, 0, report.stderr)
    t.is(report.stdout, await readFile(join(result, stored), 'utf8'), format)
  }
})

test('an objective that is broken fails, and the document on standard output is the stored one', async (t) => {
  const file = await testFile('fail.yaml', {
    scenarios: '- { name: browse, steps: [ { get: /status/503 } ] }',
    load: '- { phase: steady, rate: 50, duration: 1s }',
    objectives: '- error_rate < 1%',
  })
  const { code, stdout } = await breakwater(['run', file, '--json', '--out', at('fail')])
  t.is(code, 1)
  const document = JSON.parse(stdout) as ResultDocument
  t.like(document, { verdict: 'fail', exitCode: 1, requests: { failed: 50, errors: { status_5xx: 50 } } })
  t.deepEqual(document, await resultIn(at('fail')))
  const failures = (await readFile(at('fail/failures.ndjson'), 'utf8')).trim().split('\n')
  t.is(failures.length, 5)
})

test('too few samples are inconclusive', async (t) => {
  const file = await testFile('few.yaml', {
    load: '- { phase: steady, rate: 10, duration: 1s }',
    objectives: '- p99.9 < 10s',
  })
  const { code, stdout } = await breakwater(['run', file, '--out', at('few'), '--quiet'])
  t.is(code, 3)
  t.regex(stdout, /INCONCLUSIVE/)
})

test('a quiet run says nothing but its verdict', async (t) => {
  const { code, stderr } = await breakwater([
    ...['run', `${demo.url}/fast`, '--rate', '20', '--duration', '1s', '--quiet', '--out', at('quiet')],
  ])
  t.is(code, 0)
  t.is(stderr, '')
  const [line = ''] = (await resultIn(at('quiet'))).reproduce
  t.regex(line, /^breakwater run http:\S+\/fast --rate 20 --duration 1s --seed \d+$/)
})

test('the first Ctrl-C drains, writes what there is, and shows in the exit code', async (t) => {
  const slow = await startDemoProcess([
    ...['--servers', '1000', '--service-time', '600ms', '--distribution', 'constant'],
  ])
  t.teardown(slow.stop)
  const file = await testFile('long.yaml', {
    target: `url: ${slow.url}`,
    load: '- { phase: steady, rate: 50, duration: 5m }',
  })
  let told = false
  const { code, stdout, stderr } = await breakwater(['run', file, '--out', at('cut')], {
    onNote(said, signal) {
      if (told || !said.includes('starting in')) return
      told = true
      setTimeout(() => signal('SIGINT'), 3500)
    },
  })
  t.is(code, 130, stderr)
  t.regex(stderr, /Ctrl-C: no more load; what is in flight finishes/)
  t.regex(stdout, /INCONCLUSIVE/)
  const document = await resultIn(at('cut'))
  t.like(document, { ended: 'interrupted', exitCode: 130, ledger: { balanced: true, planned: 15_000 } })
  t.true(document.ledger.started > 0)
  t.is(document.iterations.interrupted, 0)
  t.deepEqual((await readdir(at('cut'))).sort(), resultFiles)
})

test('the second Ctrl-C interrupts what is in flight', async (t) => {
  const stalled = await startDemoProcess(['--service-time', '60s', '--distribution', 'constant'])
  t.teardown(stalled.stop)
  const file = at('stalled.yaml')
  await writeFile(
    file,
    specText({
      target: `url: ${stalled.url}\ntimeout: 60s`,
      load: '- { phase: steady, rate: 20, duration: 5m }',
    }),
  )
  let signals = 0
  const { code, stderr } = await breakwater(['run', file, '--out', at('impatient')], {
    onNote(said, signal) {
      if (signals === 0 && said.includes('starting in')) {
        signals++
        setTimeout(() => signal('SIGINT'), 3500)
      }
      if (signals === 1 && said.includes('no more load')) {
        signals++
        setTimeout(() => signal('SIGINT'), 500)
      }
    },
  })
  t.is(code, 130, stderr)
  t.regex(stderr, /interrupting what is in flight/)
  const document = await resultIn(at('impatient'))
  t.true(document.iterations.interrupted > 0)
  t.true(document.ledger.balanced)
})

test('results that cannot be written are refused before anything is sent', async (t) => {
  const before = await demo.stats()
  const file = await testFile('nowhere.yaml', {})
  const { code, stderr } = await breakwater(['run', file, '--out', join(file, 'results')])
  t.is(code, 2)
  t.regex(stderr, /cannot be written: a part of the path is a file, not a folder \(ENOTDIR\)/)
  t.is((await demo.stats()).received, before.received)
})

test('one iteration of each scenario is shown step by step, secrets left out', async (t) => {
  const file = await testFile('once.yaml', {
    target: `url: ${demo.url}\nheaders: { authorization: "Bearer \${token}", x-key: "\${token}" }`,
    variables: 'token: { env: SHOP_TOKEN }',
    scenarios:
      '- { name: browse, steps: [ { get: /fast, name: home, check: { status: 200 } } ] }\n- { name: order, steps: [ { post: /status/500, json: { a: 1 } } ] }',
  })
  const env = { SHOP_TOKEN: 'geheim-0815' }
  const text = await breakwater(['run', file, '--once', '--trace'], { env })
  t.is(text.code, 1, text.stderr)
  t.regex(text.stdout, /browse\n.*✔ home.* 200 /)
  t.regex(text.stdout, /order\n.*✘ POST \/status\/500.* status_5xx/)
  t.regex(text.stdout, /> authorization: \*\*\*/)
  t.regex(text.stdout, /> x-key: \*\*\*/)
  t.notRegex(text.stdout, /geheim/)
  const { code, stdout } = await breakwater(['run', file, '--once', '--json'], { env })
  t.is(code, 1)
  t.like(JSON.parse(stdout), { requests: 2, failed: 1, steps: [{ step: 'home', error: null }] })
  t.notRegex(stdout, /geheim/)
})
