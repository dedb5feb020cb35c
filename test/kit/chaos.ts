import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { Random } from '../../core/random.ts'
import type { ResultDocument } from '../../core/report/result.ts'
import { startBreakwater, startWorkerProcess } from './breakwater.ts'
import { type Nats, startNats } from './nats.ts'
import { type Nginx, startNginx } from './nginx.ts'
import type { Program } from './program.ts'
import { startTcpRelay, type TcpRelay } from './tcp-relay.ts'
import { makeTempDir } from './temp-dir.ts'
import { until } from './until.ts'

/** What goes wrong in a run; one after the other. */
export interface Fault {
  readonly kind:
    | 'kill-worker'
    | 'dismiss-worker'
    /** By SIGSTOP. */
    | 'hold-worker'
    /** From NATS; the target stays in reach. */
    | 'cut-worker'
    | 'join-worker'
    | 'kill-controller'
    | 'restart-nats'
  /** Since the load began, or the fault before was over. */
  readonly afterMs: number
  /** Until it is mended, where it can be. */
  readonly forMs: number
  /** Of those that are left. */
  readonly worker: number
}

const rate = 100
const seconds = 14
const workers = ['w1', 'w2', 'w3']

/** The same for the same seed. At least one worker is left, and nothing lasts so long that the run is given up. */
export function faultsOf(seed: number): readonly Fault[] {
  const random = new Random(seed, 1)
  const within = (from: number, to: number) => Math.floor(from + random.next() * (to - from))
  let left = workers.length
  return Array.from({ length: within(1, 5) }, (): Fault => {
    const kinds: Fault['kind'][] = [
      'hold-worker',
      'cut-worker',
      'join-worker',
      'kill-controller',
      'restart-nats',
    ]
    if (left > 1) kinds.push('kill-worker', 'dismiss-worker')
    const kind = kinds[within(0, kinds.length)] as Fault['kind']
    const isAway = kind === 'hold-worker' || kind === 'cut-worker'
    // A worker that is away for more than a second and a half is lost, and stands down when it goes on: others have to be there.
    const forMs = within(200, isAway && left === 1 ? 1_000 : 4_000)
    if (kind === 'kill-worker' || kind === 'dismiss-worker' || (isAway && forMs > 1_000)) left--
    return { kind, afterMs: within(200, 2_500), forMs, worker: within(0, 100) }
  })
}

/** What a round leaves to be judged. */
export interface Round {
  readonly faults: readonly Fault[]
  readonly exitCode: number | NodeJS.Signals
  readonly output: string
  readonly result: ResultDocument | null
  /** Rows of arrivals as nginx saw them. */
  readonly rows: readonly number[]
  readonly setups: number
  readonly teardowns: number
  /** All that nginx answered. */
  readonly answered: number
}

/** A run of real processes against nginx, with the faults of that seed. */
export async function playRound(seed: number): Promise<Round> {
  const cleanUp: (() => Promise<unknown>)[] = []
  try {
    const nginx = await startNginx({ server: `location = /seed { return 200 '{"id":"t1"}'; }` })
    cleanUp.push(nginx.remove)
    const nats = await startNats({ jetstream: seed % 2 === 1 })
    cleanUp.push(nats.stop)
    const home = await makeTempDir()
    cleanUp.push(home.remove)
    const started = await Promise.all(workers.map((id) => startCuttable(nats, id)))
    for (const { program, relay } of started) {
      cleanUp.push(relay.close)
      cleanUp.push(() => program.stop('SIGKILL'))
    }
    return await play(seed, { nginx, nats, home: home.path, workers: started, cleanUp })
  } finally {
    for (const clean of cleanUp.reverse()) await clean()
  }
}

interface Cuttable {
  readonly program: Program
  /** Its way to NATS. */
  readonly relay: TcpRelay
}

async function startCuttable({ port }: Nats, id: string): Promise<Cuttable> {
  const relay = await startTcpRelay(port)
  return { relay, program: await startWorkerProcess(`nats://127.0.0.1:${relay.port}`, id) }
}

interface Parts {
  readonly nginx: Nginx
  readonly nats: Nats
  readonly home: string
  readonly workers: readonly Cuttable[]
  readonly cleanUp: (() => Promise<unknown>)[]
}

async function play(seed: number, { nginx, nats, home, workers, cleanUp }: Parts): Promise<Round> {
  const faults = faultsOf(seed)
  const where = ['--nats', nats.url, '--data', join(home, 'data'), '--json']
  const out = join(home, 'out')
  const file = join(home, 'test.yaml')
  await writeFile(file, stringify(visits(nginx.url)))
  const control = async (words: readonly string[]): Promise<Program> => {
    const program = await startBreakwater([...words, ...where])
    cleanUp.push(() => program.stop('SIGKILL'))
    return program
  }
  let output = ''
  let controller = await control(['run', file, '--workers', String(workers.length), '--out', out])
  const isOver = () => !controller.isRunning()
  await until('the load begins', async () => isOver() || (await nginx.accessLog()).length > 1, {
    withinMs: 30_000,
    everyMs: 50,
  })
  const left = [...workers]
  let joined = 0
  for (const fault of faults) {
    await sleep(fault.afterMs)
    if (isOver()) break
    const at = fault.worker % left.length
    const { program: worker, relay } = left[at] as Cuttable
    switch (fault.kind) {
      case 'kill-worker':
      case 'dismiss-worker':
        left.splice(at, 1)
        worker.signal(fault.kind === 'kill-worker' ? 'SIGKILL' : 'SIGTERM')
        break
      case 'hold-worker':
        worker.signal('SIGSTOP')
        await sleep(fault.forMs)
        worker.signal('SIGCONT')
        break
      case 'join-worker': {
        const joining = await startCuttable(nats, `w${workers.length + ++joined}`)
        cleanUp.push(joining.relay.close)
        cleanUp.push(() => joining.program.stop('SIGKILL'))
        left.push(joining)
        break
      }
      case 'cut-worker':
        relay.cut()
        await sleep(fault.forMs)
        relay.mend()
        break
      case 'kill-controller':
        await controller.stop('SIGKILL')
        output += controller.output()
        await sleep(fault.forMs)
        controller = await control(['run', '--resume', 'latest'])
        // On a slow machine the next fault would come before it has begun.
        await until('the run is taken up', () => isOver() || controller.output().includes('resuming'), {
          withinMs: 30_000,
        })
        break
      case 'restart-nats':
        await nats.kill()
        await sleep(fault.forMs)
        await nats.restart()
        break
      default:
        fault.kind satisfies never
    }
  }
  const exitCode = await controller.ended
  output += controller.output()
  const log = await nginx.accessLog()
  const result = await readFile(join(out, 'result.json'), 'utf8').catch(() => null)
  const asked = (line: string) => log.filter(({ method, path }) => `${method} ${path}` === line).length
  return {
    faults,
    exitCode,
    output,
    result: result === null ? null : (JSON.parse(result) as ResultDocument),
    rows: log.flatMap(({ path }) => /^\/visit\?row=(\d+)$/.exec(path)?.[1] ?? []).map(Number),
    setups: asked('POST /seed'),
    teardowns: asked('DELETE /seed/t1'),
    answered: log.length,
  }
}

function visits(url: string) {
  return {
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'chaos' },
    spec: {
      target: { url },
      data: { arrivals: { rows: Array.from({ length: rate * seconds }, (_, n) => ({ n })), pick: 'unique' } },
      setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
      teardown: [{ delete: '/seed/${setup.tenant}' }],
      scenarios: [{ name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] }],
      load: [{ phase: 'steady', rate, duration: `${seconds}s` }],
      objectives: ['error_rate < 50%'],
      workers: { grow: true },
    },
  }
}

/** What no fault may break; each a sentence. Empty: all holds. */
export function brokenPromises({
  result,
  exitCode,
  rows,
  setups,
  teardowns,
  answered,
  faults,
}: Round): string[] {
  if (result === null) return [`there is no result, and the exit code is ${exitCode}`]
  const broken: string[] = []
  const expect = (holds: boolean, sentence: string) => {
    if (!holds) broken.push(sentence)
  }
  const { ledger, requests, merge, messages, verdict, ended } = result
  expect(messages?.dropped === 0, `dropped as none of this cluster: ${JSON.stringify(messages)}`)
  const planned = rate * seconds
  // Who is held or cut off at the end of the run does not tell what it did.
  const isLost = faults.some(
    ({ kind, forMs }) => (kind === 'hold-worker' || kind === 'cut-worker') && forMs > 1_000,
  )
  const isUntold = isLost || faults.some(({ kind }) => kind === 'kill-worker')
  expect(ended === 'finished', `it ended as ${ended}`)
  expect(verdict !== 'fail', `the verdict is ${verdict}: ${result.reasons.join(' ')}`)
  expect(
    exitCode === (verdict === 'pass' ? 0 : 3),
    `the exit code is ${exitCode} where the verdict is ${verdict}`,
  )
  expect(ledger.balanced && ledger.planned === planned, `the ledger is ${JSON.stringify(ledger)}`)
  const twice = rows.length - new Set(rows).size
  const mostTwice = requests.overrun + (requests.unknown.max ?? Number.POSITIVE_INFINITY)
  expect(
    twice <= (isLost ? mostTwice : 0),
    `${twice} arrivals were started twice: ${JSON.stringify(requests)}`,
  )
  expect(setups === 1, `it was set up ${setups} times`)
  expect(teardowns === 1, `it was taken down ${teardowns} times`)
  const most = requests.unknown.max === null ? Number.POSITIVE_INFINITY : requests.sent + requests.unknown.max
  expect(
    requests.sent <= answered && answered <= most,
    `${requests.sent} were sent, at most ${most}, and nginx answered ${answered}`,
  )
  if (!isUntold) expect(requests.unknown.max === 0, `up to ${requests.unknown.max} are unknown`)
  if (requests.unknown.max === 0) {
    expect(requests.sent === answered, `${requests.sent} were sent, and nginx answered ${answered}`)
    expect(merge.missing === 0, `${merge.missing} snapshots are missing`)
  }
  return broken
}
