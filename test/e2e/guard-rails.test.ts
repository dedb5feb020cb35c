import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { startBreakwater, startDemoProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')

async function place(t: ExecutionContext) {
  const [demo, folder] = await Promise.all([startDemoProcess([]), makeTempDir()])
  t.teardown(async () => {
    await demo.stop()
    await folder.remove()
  })
  const file = join(folder.path, 'test.yaml')
  const url = demo.url.replace('127.0.0.1', 'localhost')
  await writeFile(
    file,
    specText({
      target: `{ url: "${url}", dns: { family: 4 } }`,
      load: '- { phase: steady, rate: 20, duration: 1s }',
    }),
  )
  const received = async () => (await demo.stats()).received
  return { file, out: join(folder.path, 'out'), received }
}

const cases: readonly {
  readonly title: string
  readonly flags: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly told: RegExp | null
}[] = [
  {
    title: 'all that is asked for',
    flags: [
      '--allow-host',
      'localhost',
      '--allow-network',
      '127.0.0.0/8',
      '--max-rate',
      '20',
      '--max-duration',
      '1s',
    ],
    told: null,
  },
  {
    title: 'another host',
    flags: ['--allow-host', '*.staging.test'],
    told: /target\.url is localhost, and load may go to \*\.staging\.test alone/,
  },
  {
    title: 'another network',
    flags: ['--allow-network', '10.0.0.0/8'],
    told: /localhost \(127\.0\.0\.1\) lies in no network that load may go to\n.*10\.0\.0\.0\/8/,
  },
  {
    title: 'a lower rate',
    flags: ['--max-rate', '600/m'],
    told: /the rate goes up to 20\/s, and 10\/s is allowed/,
  },
  {
    title: 'a shorter time, by the environment',
    flags: [],
    env: { BREAKWATER_MAX_DURATION: '500ms' },
    told: /the load takes 1 s, and 0\.5 s is allowed/,
  },
]

for (const { title, flags, env = {}, told } of cases) {
  testOnNats(
    `where this command may do ${title}, ${told === null ? 'it does' : 'nothing is sent'}`,
    async (t) => {
      const { file, out, received } = await place(t)
      const { code, stderr } = await breakwater(['run', file, '--quiet', '--out', out, ...flags], { env })
      t.is(code, told === null ? 0 : 2, stderr)
      if (told !== null) t.regex(stderr, told)
      t.is(await received(), told === null ? 20 : 0)
    },
  )

  testOnNats(
    `where a worker may do ${title}, ${told === null ? 'it does' : 'nothing is sent'}`,
    async (t) => {
      const { file, out, received } = await place(t)
      const nats = await startNats({ jetstream: false })
      const worker = await startBreakwater(
        ['worker', '--nats', nats.url, '--id', 'w1', '--threads', '1', ...flags],
        env,
      )
      t.teardown(async () => {
        await worker.stop()
        await nats.stop()
      })
      await until('the worker is ready', () => worker.output().includes('is ready'))
      const { code, stderr } = await breakwater(['run', file, '--quiet', '--nats', nats.url, '--out', out])
      t.is(code, told === null ? 0 : 2, stderr)
      if (told !== null) {
        t.regex(stderr, told)
        t.regex(stderr, /w1/)
      }
      t.is(await received(), told === null ? 20 : 0)
    },
  )
}

testOnNats('calibrate keeps to the rails of its environment, before it measures anything', async (t) => {
  const env = { BREAKWATER_ALLOW_HOSTS: '*.staging.test' }
  const { code, stderr } = await breakwater(['calibrate', '--target', 'http://127.0.0.1:9/'], { env })
  t.is(code, 2)
  t.regex(stderr, /target\.url is 127\.0\.0\.1, and load may go to \*\.staging\.test alone/)
  t.notRegex(stderr, /loads a server of its own/)
})

testOnNats('rails that cannot be read are told, by flag and by variable', async (t) => {
  const { file } = await place(t)
  const outcomes = [
    [
      await breakwater(['run', file, '--allow-network', '10.0.0.0/99']),
      /--allow-network.*10\.0\.0\.0\/99.*invalid/,
    ],
    [await breakwater(['run', file, '--max-rate', 'fast']), /--max-rate.*fast.*invalid/],
    [
      await breakwater(['run', file], { env: { BREAKWATER_ALLOW_NETWORKS: '10.0.0.0/8,staging' } }),
      /BREAKWATER_ALLOW_NETWORKS=10\.0\.0\.0\/8,staging cannot be read\n.*Write a network/,
    ],
  ] as const
  for (const [{ code, stderr }, told] of outcomes) {
    t.is(code, 2)
    t.regex(stderr, told)
  }
})
