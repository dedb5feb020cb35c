import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { breakwater } from '../../kit/command.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'

const spec = (workers: string) => `
apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: much }
spec:
  target: { url: http://127.0.0.1:1 }
  scenarios: [{ name: plain, steps: [{ get: / }] }]
  load: [{ phase: all, rate: 1000000, duration: 1s }]
  workers: ${workers}
`

test.serial(
  'what a worker can do is measured, kept, and read by plan; a target that nobody serves is told',
  async (t) => {
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    const env = { XDG_STATE_HOME: folder.path }
    const { code, stdout, stderr } = await breakwater(
      ['calibrate', '--target', 'http://127.0.0.1:1/', '--json'],
      { env },
    )
    t.is(code, 1, stderr)
    t.regex(
      stderr,
      /^One worker .*\nThen 64 users load http:\/\/127\.0\.0\.1:1\/ for 5 s\. Ctrl-C ends it\./s,
    )
    const told = JSON.parse(stdout)
    t.true(told.closedPerSecond > 100)
    t.true(told.openPerSecond > 10)
    t.is(told.levels.length, 10)
    t.is(told.target.perSecond, 0)
    t.true(told.target.errors.refused > 0)

    t.is(told.file, join(folder.path, 'breakwater/calibration.json'))
    const { calibrations } = JSON.parse(await readFile(told.file, 'utf8'))
    t.is(calibrations.length, 1)
    t.like(calibrations[0], {
      host: hostname(),
      node: process.versions.node,
      openPerSecond: told.openPerSecond,
    })

    const file = join(folder.path, 'much.yaml')
    await writeFile(file, spec('{ count: auto }'))
    const plan = JSON.parse((await breakwater(['plan', file, '--json'], { env })).stdout)
    t.is(plan.workers.length, told.cores)
    const codes = plan.warnings.map((warning: { code: string }) => warning.code)
    t.true(codes.includes('beyond-calibration'))
  },
)

test.serial('Ctrl-C ends a calibration soon, and nothing is kept', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  let isSent = false
  const { code, stdout, stderr } = await breakwater(['calibrate'], {
    env: { XDG_STATE_HOME: folder.path },
    onNote(text, signal) {
      if (isSent || !text.includes('Ctrl-C ends it')) return
      isSent = true
      signal('SIGINT')
    },
  })
  t.is(code, 130)
  t.is(stdout, '')
  t.regex(stderr, /leaving; nothing is kept/)
  await t.throwsAsync(readFile(join(folder.path, 'breakwater/calibration.json')), { code: 'ENOENT' })
})

test.serial(
  'without a calibration a run with workers.count: auto has one worker, and says why',
  async (t) => {
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    const file = join(folder.path, 'one.yaml')
    const one = spec('{ count: auto }').replace('rate: 1000000, duration: 1s', 'users: 1, iterations: 1')
    await writeFile(file, one)
    const env = { XDG_STATE_HOME: folder.path }
    const { stdout, stderr } = await breakwater(
      ['run', file, '--out', join(folder.path, 'out'), '--quiet', '--json'],
      { env },
    )
    t.is(JSON.parse(stdout).workers.length, 1)
    t.regex(stderr, /workers\.count: auto starts one worker, .* Run breakwater calibrate once\./)
  },
)
