import { setTimeout as sleep } from 'node:timers/promises'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { count, plural, time } from '../../core/report/number-format.ts'
import type { RunStatus } from '../../proto/messages.ts'
import { type ClusterTalk, talkToCluster } from '../cluster-talk.ts'
import type { Console } from '../console.ts'
import type { NatsFlags } from '../nats-flags.ts'

/** How a run is just now, whoever controls it. */
export async function showRun(console: Console, run: string, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'show latest', async (cluster) => {
    const status = await cluster.ask(run, 'show')
    console.answer({ text: () => statusText(status), document: () => status })
  })
}

/** All runs that are under control. */
export async function listRuns(console: Console, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'ls', async (cluster) => {
    const heard = await cluster.runs()
    const asked = await Promise.all(heard.map((run) => unlessGone(cluster.ask(run, 'show'))))
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
    const status = await cluster.ask(run, 'stop')
    console.answer({
      text: () => `stopping run ${status.run} of ${status.name}: what is in flight finishes`,
      document: () => status,
    })
  })
}

const watchMs = 1_000

/** A line a second until the run is over, or nobody controls it any more. */
export async function watchRun(console: Console, run: string, flags: NatsFlags): Promise<number> {
  return withCluster(console, flags, 'watch latest', async (cluster) => {
    let status = await cluster.ask(run, 'show')
    let isControlled = true
    while (isControlled && status.stage !== 'closed') {
      console.note(statusLine(status))
      await sleep(watchMs)
      const next = await unlessGone(cluster.ask(status.run, 'show'))
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

function statusLine({
  run,
  name,
  stage,
  elapsedMs,
  lengthMs,
  started,
  sent,
  failed,
  workers,
}: RunStatus): string {
  const at = elapsedMs > 0 ? `${stage}, ${time(elapsedMs)} of ${time(lengthMs)}` : stage
  return `${name} · run ${run} · ${at} · ${plural(workers.length, 'worker')} · ${count(started)} started, ${count(sent)} sent, ${count(failed)} failed`
}

function statusText(status: RunStatus): string {
  const { name, run, stage, elapsedMs, lengthMs, epoch, ending, workers } = status
  const at = elapsedMs > 0 ? `, ${time(elapsedMs)} of ${time(lengthMs)}` : ''
  const rows: readonly (readonly [string, string])[] = [
    ['Workers', workers.map(({ id, status }) => `${id} (${status})`).join(', ') || 'none yet'],
    [
      'Ledger',
      `${count(status.planned)} planned; so far ${count(status.started)} started, ${count(status.skipped)} skipped, ${count(status.lost)} lost`,
    ],
    ['Requests', `${count(status.sent)} sent, ${count(status.ok)} good, ${count(status.failed)} failed`],
    ...(ending === null ? [] : [['Ending', `${ending.how}: ${ending.why}`] as const]),
  ]
  return [
    `${name} · run ${run} · ${stage}${at}${epoch > 1 ? ` · epoch ${epoch}` : ''}`,
    ...rows.map(([label, text]) => `  ${label.padEnd(10)}${text}`),
  ].join('\n')
}
