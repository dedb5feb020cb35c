import { setTimeout as sleep } from 'node:timers/promises'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { count, plural, time } from '../../core/report/number-format.ts'
import { namesText } from '../../core/verdict/quantity-text.ts'
import type { RunStatus } from '../../proto/messages.ts'
import { type ClusterTalk, talkToCluster } from '../cluster-talk.ts'
import type { Console } from '../console.ts'
import type { NatsFlags } from '../nats-flags.ts'

/** How a run is just now, whoever controls it. */
export async function showRun(console: Console, run: string, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'show latest', async (cluster) => {
    const status = await cluster.ask(run, { action: 'show' })
    console.answer({ text: () => statusText(status), document: () => status })
  })
}

/** All runs that are under control. */
export async function listRuns(console: Console, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'ls', async (cluster) => {
    const heard = await cluster.runs()
    const asked = await Promise.all(heard.map((run) => unlessGone(cluster.ask(run, { action: 'show' }))))
    const runs = asked.filter((status) => status !== null)
    console.answer({
      text: () =>
        runs.length === 0 ? 'no run is under control at this NATS server' : runs.map(statusLine).join('\n'),
      document: () => ({ runs }),
    })
  })
}

/** No more load; what is in flight finishes, and whoever controls the run writes its results. */
export async function stopRun(console: Console, run: string, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'stop latest', async (cluster) => {
    const status = await cluster.ask(run, { action: 'stop' })
    console.answer({
      text: () => `stopping run ${status.run} of ${status.name}: what is in flight finishes`,
      document: () => status,
    })
  })
}

export interface SteerFlags extends NatsFlags {
  readonly rateFactor?: number
  readonly pause?: boolean
  readonly resume?: boolean
  readonly workers?: number
}

/** Another rate, a pause, or the end of one: in force on all workers within a second. */
export async function steerRun(console: Console, run: string, flags: SteerFlags): Promise<number> {
  const { rateFactor, pause = false, resume = false, workers } = flags
  if (pause && resume) throw wrongWish('--pause and --resume contradict each other')
  if (rateFactor === undefined && !pause && !resume && workers === undefined)
    throw wrongWish('nothing is to be changed')
  const paused = pause || resume ? pause : undefined
  return withCluster(console, flags, 'steer latest --rate-factor 2', async (cluster) => {
    const status = await cluster.ask(run, { action: 'steer', rateFactor, paused, workers })
    console.answer({
      text: () => steeredText(status, rateFactor === undefined && paused === undefined),
      document: () => status,
    })
  })
}

function wrongWish(what: string): BreakwaterError {
  return new BreakwaterError('usage', what, {
    hint: 'Write breakwater steer RUN with --rate-factor F, --workers N, and --pause or --resume: whatever is to change.',
  })
}

function steeredText(status: RunStatus, isOfWorkersAlone: boolean): string {
  const { run, name, rateFactor, paused, inForceInMs, planned, plannedAtStart, wanted, workers } = status
  const sharers = wanted === null ? '' : sharersText(wanted, workers)
  if (isOfWorkersAlone) return `run ${run} of ${name}: ${sharers}`
  const rate = rateFactor === 1 ? 'the rate as written' : `the rate × ${rateFactor}`
  const plan =
    planned === plannedAtStart
      ? ''
      : `; ${count(planned)} iterations are planned, ${count(plannedAtStart)} were at the start`
  const when = inForceInMs > 0 ? `in ${time(inForceInMs)}` : 'now'
  return `run ${run} of ${name}: ${paused ? `paused ${when}, then ${rate}` : `${rate} ${when}`}${plan}${sharers && `; ${sharers}`}`
}

/** Those that join have a share as soon as they are prepared; those that stand by have had one. */
function sharersText(wanted: number, workers: RunStatus['workers']): string {
  const sharing = workers.filter(({ status }) => status === 'running').length
  const joining = workers.filter(({ status }) => sharingSoon.has(status)).length
  if (sharing >= wanted) return `${plural(sharing, 'worker')} at work`
  const more = joining === 0 ? 'more will be taken in as they come' : `${joining} being prepared`
  return `${sharing} of ${plural(wanted, 'worker')} at work, ${more}`
}

const sharingSoon: ReadonlySet<string> = new Set(['preparing', 'ready', 'joining'])

const watchMs = 1_000

/** A line a second until the run is over, or nobody controls it any more. */
export async function watchRun(console: Console, run: string, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'watch latest', async (cluster) => {
    let status = await cluster.ask(run, { action: 'show' })
    let isControlled = true
    while (isControlled && status.stage !== 'closed') {
      console.note(statusLine(status))
      await sleep(watchMs)
      const next = await unlessGone(cluster.ask(status.run, { action: 'show' }))
      isControlled = next !== null
      status = next ?? status
    }
    const last = status
    console.answer({
      text: () => `run ${last.run} is ${isControlled ? 'over' : 'not under control any more'}`,
      document: () => last,
    })
  })
}

/** Null: nobody controls it. */
async function unlessGone(asked: Promise<RunStatus>): Promise<RunStatus | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof BreakwaterError && error.code === 'unknown-run') return null
    throw error
  }
}

async function withCluster(
  console: Console,
  flags: NatsFlags,
  command: string,
  act: (cluster: ClusterTalk) => Promise<void>,
): Promise<number> {
  const cluster = await talkToCluster(console, flags, command)
  try {
    await act(cluster)
    return exitCodes.pass
  } finally {
    await cluster.close()
  }
}

/** Empty: it runs as written. */
function steeredWords({ rateFactor, paused }: RunStatus): string {
  return [...(paused ? ['paused'] : []), ...(rateFactor === 1 ? [] : [`rate × ${rateFactor}`])].join(', ')
}

function statusLine(status: RunStatus): string {
  const { run, name, stage, elapsedMs, lengthMs, started, sent, failed, workers } = status
  const at = elapsedMs > 0 ? `${stage}, ${time(elapsedMs)} of ${time(lengthMs)}` : stage
  const steered = steeredWords(status)
  return `${name} · run ${run} · ${at}${steered && ` · ${steered}`} · ${plural(workers.length, 'worker')} · ${count(started)} started, ${count(sent)} sent, ${count(failed)} failed`
}

const mostNamed = 20

/** Of many, how many there are of each kind, and who is neither at work nor done. */
function workersText(workers: RunStatus['workers']): string {
  if (workers.length === 0) return 'none yet'
  if (workers.length <= mostNamed) return workers.map(({ id, status }) => `${id} (${status})`).join(', ')
  return [...Map.groupBy(workers, ({ status }) => status)]
    .map(([status, of]) => {
      const names = status === 'lost' || status === 'failed' ? ` (${namesText(of.map(({ id }) => id))})` : ''
      return `${count(of.length)} ${status}${names}`
    })
    .join(', ')
}

function statusText(status: RunStatus): string {
  const { name, run, stage, elapsedMs, lengthMs, epoch, ending, workers } = status
  const at = elapsedMs > 0 ? `, ${time(elapsedMs)} of ${time(lengthMs)}` : ''
  const rows: readonly (readonly [string, string])[] = [
    ...(steeredWords(status) === '' ? [] : [['Steered', steeredWords(status)] as const]),
    ['Workers', workersText(workers)],
    [
      'Ledger',
      `${count(status.planned)} planned${status.planned === status.plannedAtStart ? '' : ` (${count(status.plannedAtStart)} at the start)`}; so far ${count(status.started)} started, ${count(status.skipped)} skipped, ${count(status.lost)} lost`,
    ],
    ['Requests', `${count(status.sent)} sent, ${count(status.ok)} good, ${count(status.failed)} failed`],
    ...(status.droppedMessages === 0
      ? []
      : [
          [
            'Bus',
            `${plural(status.droppedMessages, 'message')} dropped that ${status.droppedMessages === 1 ? 'was' : 'were'} none of this cluster`,
          ] as const,
        ]),
    ...(ending === null ? [] : [['Ending', `${ending.how}: ${ending.why}`] as const]),
  ]
  return [
    `${name} · run ${run} · ${stage}${at}${epoch > 1 ? ` · epoch ${epoch}` : ''}`,
    ...rows.map(([label, text]) => `  ${label.padEnd(10)}${text}`),
  ].join('\n')
}
