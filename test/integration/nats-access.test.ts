import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node'
import type { ExecutionContext } from 'ava'
import { startBreakwater, startDemoProcess } from '../kit/breakwater.ts'
import { makeCertificates } from '../kit/certificates.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { type Nats, startNats } from '../kit/nats.ts'
import { newJwtCluster, newNkey } from '../kit/nats-login.ts'
import { makeTempDir, type TempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')
const permissionsFile = join(import.meta.dirname, '../../deploy/nats/breakwater.conf')
const passwords = { CONTROLLER_PASSWORD: 'c-secret', W1_PASSWORD: 'w1-secret', W2_PASSWORD: 'w2-secret' }
const asController = { user: 'controller', pass: passwords.CONTROLLER_PASSWORD }

interface Place {
  readonly folder: TempDir
  readonly test: string
  readonly file: (name: string, text: string | Buffer) => Promise<string>
}

async function place(t: ExecutionContext): Promise<Place> {
  const [demo, folder] = await Promise.all([
    startDemoProcess(['--servers', '8', '--service-time', '1ms']),
    makeTempDir(),
  ])
  t.teardown(async () => {
    await demo.stop()
    await folder.remove()
  })
  const file = async (name: string, text: string | Buffer) => {
    await writeFile(join(folder.path, name), text)
    return join(folder.path, name)
  }
  const load = '- { phase: steady, rate: 60, duration: 2s }'
  return { folder, file, test: await file('test.yaml', specText({ target: `url: ${demo.url}`, load })) }
}

async function startWorker(t: ExecutionContext, id: string, access: readonly string[]) {
  const worker = await startBreakwater(['worker', '--id', id, '--threads', '1', ...access])
  t.teardown(() => worker.stop('SIGKILL'))
  await until(`${id} is ready`, () => worker.output().includes('is ready') || !worker.isRunning())
  t.true(worker.isRunning(), worker.output())
}

/** Runs the test with workers w1 and w2. */
async function expectPass(
  t: ExecutionContext,
  { test, folder }: Place,
  accessOf: (role: string) => readonly string[],
): Promise<string> {
  for (const id of ['w1', 'w2']) await startWorker(t, id, accessOf(id))
  const out = join(folder.path, 'out')
  const words = ['run', test, '--workers', '2', '--json', '--out', out, ...accessOf('controller')]
  const { code, stdout, stderr } = await breakwater(words)
  t.is(code, 0, stderr)
  const document = JSON.parse(stdout)
  t.like(document, {
    verdict: 'pass',
    ledger: { planned: 120, started: 120, balanced: true },
    merge: { missing: 0 },
  })
  t.deepEqual(
    document.workers.map(({ id }: { id: string }) => id),
    ['w1', 'w2'],
  )
  return stderr
}

async function startGuarded(t: ExecutionContext, jetstream = false): Promise<Nats> {
  const nats = await startNats({
    jetstream,
    args: ['--config', permissionsFile],
    env: passwords,
    login: asController,
  })
  t.teardown(nats.stop)
  return nats
}

for (const jetstream of [false, true]) {
  testOnNats(
    `with the permissions of its role alone each part of a cluster can do its work, ${jetstream ? 'with JetStream' : 'without JetStream'}`,
    async (t) => {
      const nats = await startGuarded(t, jetstream)
      const secrets: Readonly<Record<string, string>> = {
        controller: 'c-secret',
        w1: 'w1-secret',
        w2: 'w2-secret',
      }
      const notes = await expectPass(t, await place(t), (role) => [
        '--nats',
        `nats://${role}:${secrets[role]}@127.0.0.1:${nats.port}`,
      ])
      t.notRegex(nats.output(), /Violation/i)
      t.notRegex(notes, /warning/)
      t.regex(notes, jetstream ? /snapshots come by JetStream$/m : /by request and reply: .*not enabled/)
    },
  )
}

const older = [
  {
    what: 'a worker may not use the stream',
    change: (text: string) => text.replaceAll(/"bw\.run\.\*\.stream\.w\d", /g, ''),
    notes: /snapshots come by JetStream$/m,
  },
  {
    what: 'a controller may not use JetStream',
    change: (text: string) => text.replaceAll(/^ *"\$JS\.API\.STREAM.*$/gm, ''),
    notes: /by request and reply: .* this user has no permission for \$JS\.API\.STREAM\.INFO\.bw-snapshots/,
  },
]

for (const { what, change, notes } of older) {
  testOnNats(`where ${what}, snapshots come by request and reply`, async (t) => {
    const here = await place(t)
    const text = await readFile(permissionsFile, 'utf8')
    t.not(change(text), text)
    const config = await here.file('nats.conf', change(text))
    const nats = await startNats({ args: ['--config', config], env: passwords, login: asController })
    t.teardown(nats.stop)
    const login: Readonly<Record<string, string>> = {
      controller: 'controller:c-secret',
      w1: 'w1:w1-secret',
      w2: 'w2:w2-secret',
    }
    const told = await expectPass(t, here, (role) => [
      '--nats',
      `nats://${login[role]}@127.0.0.1:${nats.port}`,
    ])
    t.regex(told, notes)
  })
}

testOnNats("a worker's user can neither give commands nor hear or say what is another's", async (t) => {
  const nats = await startGuarded(t)
  const w1 = await connect({ servers: nats.url, user: 'w1', pass: passwords.W1_PASSWORD })
  t.teardown(() => w1.close())
  const refused: string[] = []
  void (async () => {
    for await (const status of w1.status()) if (status.type === 'error') refused.push(status.error.message)
  })()
  const forbidden = {
    publish: [
      'bw.worker.w1.command',
      'bw.worker.w2.command',
      'bw.worker.w2.hello',
      'bw.worker.w2.beat',
      'bw.run.r1.snapshot.w2',
      'bw.run.r1.stream.w2',
      'bw.run.r1.receipt.w1',
      '$JS.API.STREAM.DELETE.bw-snapshots',
      '$JS.API.STREAM.PURGE.bw-snapshots',
      '$JS.API.STREAM.MSG.GET.bw-snapshots',
      '$JS.API.STREAM.MSG.DELETE.bw-snapshots',
      '$JS.API.DIRECT.GET.bw-snapshots.x',
      '$JS.API.CONSUMER.CREATE.bw-snapshots',
      '$JS.API.CONSUMER.MSG.NEXT.bw-snapshots.x',
      '$JS.ACK.bw-snapshots.x.1.1.1.1.1',
      '$KV.bw-halt.halt',
      '$KV.bw-lease.r1',
      '$KV.bw-term.r1',
      '$JS.API.DIRECT.GET.KV_bw-lease.$KV.bw-lease.r1',
      '$JS.API.STREAM.DELETE.KV_bw-halt',
      '$JS.API.STREAM.PURGE.KV_bw-halt',
      'bw.run.r1.event',
      'bw.run.r1.control',
      'bw.run.r1.steer',
      'bw.halt',
      '_INBOX.controller.x',
    ],
    subscribe: [
      'bw.run.*.snapshot.*',
      'bw.run.r1.snapshot.w2',
      'bw.run.*.stream.*',
      'bw.run.r1.receipt.w2',
      'bw.worker.*.command',
      '_INBOX.>',
      '_INBOX.controller.>',
      '_INBOX.worker.w2.>',
      '>',
    ],
  }
  for (const subject of forbidden.publish) w1.publish(subject, 'x')
  for (const subject of forbidden.subscribe)
    w1.subscribe(subject, {
      callback: (error) => {
        if (error === null) t.fail(subject)
      },
    })
  const all = forbidden.publish.length + forbidden.subscribe.length
  await w1.flush()
  await until('the server has refused it all', () => refused.length >= all)
  t.is(refused.length, all)
  for (const subject of forbidden.publish) {
    t.true(
      refused.some((text) => /publish/i.test(text) && text.includes(`"${subject}"`)),
      subject,
    )
  }
  for (const subject of forbidden.subscribe) {
    t.true(
      refused.some((text) => /subscription/i.test(text) && text.includes(`"${subject}"`)),
      subject,
    )
  }
})

testOnNats('a cluster runs over TLS, logged in with NKeys', async (t) => {
  const here = await place(t)
  const { ca, cert, key } = await makeCertificates()
  const [caFile, certFile, keyFile] = await Promise.all([
    here.file('ca.pem', ca),
    here.file('server.pem', cert),
    here.file('server.key', key),
  ])
  const nkey = newNkey()
  const config = await here.file(
    'nats.conf',
    `tls { cert_file: "${certFile}", key_file: "${keyFile}" }\nauthorization { users: [ { nkey: ${nkey.publicKey} } ] }\n`,
  )
  const login = { tls: { ca: ca.toString() }, authenticator: nkeyAuthenticator(Buffer.from(nkey.seed)) }
  const nats = await startNats({ jetstream: false, args: ['--config', config], login })
  t.teardown(nats.stop)
  const seed = await here.file('user.nk', `# for tests\n${nkey.seed}\n`)
  const url = `tls://localhost:${nats.port}`
  await expectPass(t, here, () => ['--nats', url, '--nats-nkey', seed, '--nats-ca', caFile])

  const without = await breakwater(['run', here.test, '--nats', url, '--nats-nkey', seed])
  t.is(without.code, 2)
  t.regex(without.stderr, /No connection to NATS.*\n.*--nats-ca/)
  const other = await here.file('other.nk', newNkey().seed)
  const stranger = await breakwater([
    'run',
    here.test,
    '--nats',
    url,
    '--nats-nkey',
    other,
    '--nats-ca',
    caFile,
  ])
  t.is(stranger.code, 2)
  t.regex(stranger.stderr, /Authorization.*\n.*--nats-creds or --nats-nkey/i)
})

testOnNats('a cluster runs logged in with credentials of JWT and seed', async (t) => {
  const here = await place(t)
  const cluster = newJwtCluster()
  const config = await here.file('nats.conf', cluster.configuration)
  const probe = { authenticator: credsAuthenticator(Buffer.from(cluster.creds('probe'))) }
  const nats = await startNats({ jetstream: false, args: ['--config', config], login: probe })
  t.teardown(nats.stop)
  const creds: Record<string, string> = {}
  for (const role of ['controller', 'w1', 'w2'])
    creds[role] = await here.file(`${role}.creds`, cluster.creds(role))
  await expectPass(t, here, (role) => ['--nats', nats.url, '--nats-creds', creds[role] as string])
})

testOnNats('files that let nobody in are told by name, and what they hold is not', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const file = join(folder.path, 'x')
  await writeFile(file, 'SU-not-a-seed-but-secret')
  const cases: readonly [readonly string[], RegExp][] = [
    [['--nats-creds', file], /x holds no NATS credentials\n.*nsc generate creds/],
    [['--nats-nkey', file], /x holds no seed of a user's NKey\n.*nk -gen user/],
    [['--nats-ca', file], /x is no PEM file/],
    [['--nats-creds', join(folder.path, 'none')], /none cannot be read \(ENOENT\)/],
    [['--nats-creds', file, '--nats-nkey', file], /both credentials and an NKey/],
    [['--nats-cert', file], /certificate for NATS and its key go together\n.*--nats-key/],
  ]
  for (const [access, told] of cases) {
    const { code, stderr } = await breakwater(['worker', '--nats', 'nats://127.0.0.1:1', ...access])
    t.is(code, 2, stderr)
    t.regex(stderr, told)
    t.notRegex(stderr, /but-secret|\n {4}at /)
  }
})
