import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { decodeControllerBeat, decodeHello } from '../../proto/codec.ts'
import type { WorkerHello } from '../../proto/messages.ts'
import { createSubjects } from '../../proto/subjects.ts'
import { type HostileMessage, hostileMessages } from '../kit/hostile-messages.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'
import { expectComplete, startVisits } from '../kit/visits-run.ts'

const testOnCluster = testWith('nginx', 'nats-server')
const subjects = createSubjects()
/** Sent over and over besides, from one who has nothing else to do. */
const flood = 20_000

const heardByWorkers: ReadonlySet<string> = new Set(['command', 'receipt', 'control', 'halt', 'halted'])
const heardByAll: ReadonlySet<string> = new Set(['control', 'halt', 'halted'])

testOnCluster('whatever a stranger puts on the bus is counted, told once and changes nothing', async (t) => {
  const home = await makeTempDir()
  t.teardown(home.remove)
  const config = join(home.path, 'nats.conf')
  await writeFile(config, 'max_payload: 16MB\nmax_pending: 256MB\n')
  const nats = await startNats({ args: ['--config', config] })
  t.teardown(nats.stop)
  const stranger = await connect({ servers: nats.url })
  t.teardown(() => stranger.close())

  const workers = new Map<string, WorkerHello>()
  let beat: { run: string; term: number } | undefined
  stranger.subscribe(subjects.beat('*'), {
    callback: (_, { data }) => {
      try {
        const hello = decodeHello(data)
        if (hello.vitals !== undefined) workers.set(hello.id, hello)
      } catch {
        // It hears itself too.
      }
    },
  })
  stranger.subscribe(subjects.control('*'), {
    callback: (_, { data }) => {
      beat ??= decodeControllerBeat(data)
    },
  })

  const run = await startVisits(t, { nats, rate: 100, seconds: 15 })
  await run.isUnderWay()
  const { run: id, term } = await until('the run beats', () => beat)
  const { incarnation } = workers.get('w1') as WorkerHello
  const messages = hostileMessages({ run: id, term, worker: 'w1', incarnation, other: 'w2' })
  t.true(messages.length > 500)
  for (const [index, { subject, payload }] of messages.entries()) {
    stranger.publish(subject, payload)
    if (payload.length > 1_000_000 || index % 50 === 49) await stranger.flush()
  }
  const garbage = Uint8Array.of(8, 1, 0x12)
  for (let sent = 0; sent < flood; sent++) {
    stranger.publish(subjects.beat('w2'), garbage)
    if (sent % 1_000 === 999) await stranger.flush()
  }
  await stranger.flush()

  const ofWorker = (worker: string) => (workers.get(worker) as WorkerHello).vitals?.dropped
  const expected = {
    w1: messages.filter(({ kind }) => heardByWorkers.has(kind)).length,
    w2: messages.filter(({ kind }) => heardByAll.has(kind)).length,
  }
  await until(
    'the workers have counted all of it',
    () => ofWorker('w1') === expected.w1 && ofWorker('w2') === expected.w2,
  ).catch(() => t.deepEqual({ w1: ofWorker('w1'), w2: ofWorker('w2') }, expected))
  t.is(await run.controller.ended, 0, run.controller.output())
  const result = await run.result()
  const ofController = messages.filter(({ kind }) => !heardByWorkers.has(kind) || kind === 'control')
  await expectComplete(t, run, result, { dropped: ofController.length + flood })
  t.is(result.ledger.started, run.planned)
  t.deepEqual(
    result.workers.map(({ id, state }) => [id, state]),
    [
      ['w1', 'drained'],
      ['w2', 'drained'],
    ],
  )

  const { by } = result.messages ?? { by: [] }
  for (const kind of new Set(ofController.map((message) => message.kind))) {
    const own = ofController.filter((message) => message.kind === kind)
    const counted = by.filter(({ message }) => message === kind)
    const more = kind === 'beat' ? flood : 0
    t.is(sum(counted), own.length + more, kind)
    for (const fault of ['too_large', 'stranger'] as const) {
      t.is(
        sum(counted.filter((entry) => entry.fault === fault)),
        own.filter(is(fault)).length,
        `${kind} ${fault}`,
      )
    }
    t.true(sum(counted.filter(({ fault }) => fault === 'protocol')) >= own.filter(is('protocol')).length)
  }

  for (const program of [run.controller, ...run.workers]) {
    const told = program.output().match(/dropped a message/g) ?? []
    t.true(told.length >= 3 && told.length <= 40, `${told.length} lines`)
    t.notRegex(program.output().replaceAll('\n', ''), /[\p{Cc}\u202e]/u)
  }
})

function is(fault: HostileMessage['fault']) {
  return (message: HostileMessage) => message.fault === fault
}

function sum(entries: readonly { readonly count: number }[]): number {
  return entries.reduce((total, { count }) => total + count, 0)
}
