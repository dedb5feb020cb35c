import { rate } from '../core/plan/plan-format.ts'
import { bytes, count, plural, time } from '../core/report/number-format.ts'
import { printable } from '../core/report/printable.ts'
import { type TextColumn, textTable, wrap } from '../core/report/text-layout.ts'
import type { HeardWorker, LostWorker } from './cluster-talk.ts'
import type { Paint } from './console.ts'

/** A loop that is held up so long sends late. */
const heldUpMs = 100

const columns: readonly (TextColumn & { readonly of: (worker: HeardWorker) => string })[] = [
  { head: 'worker', align: 'left', of: ({ id }) => id },
  { head: 'state', align: 'left', of: ({ state, halt }) => stateText(state, halt !== undefined) },
  { head: 'run', align: 'left', of: ({ run }) => run ?? '–' },
  { head: 'threads', align: 'right', of: ({ threads }) => String(threads) },
  {
    head: 'CPU',
    align: 'right',
    of: ({ vitals }) =>
      vitals === undefined ? '–' : `${vitals.cpu.toFixed(2)} of ${Number(vitals.cores.toFixed(1))}`,
  },
  {
    head: 'memory',
    align: 'right',
    of: ({ vitals }) => (vitals === undefined ? '–' : bytes(vitals.rssBytes)),
  },
  { head: 'delay', align: 'right', of: ({ vitals }) => time(vitals?.loopDelayMs ?? null) },
  {
    head: 'sockets',
    align: 'right',
    of: ({ vitals }) => (vitals === undefined ? '–' : count(vitals.openSockets)),
  },
  { head: 'heard', align: 'right', of: ({ heardMsAgo }) => time(heardMsAgo) },
  { head: 'can do', align: 'right', of: ({ capacity }) => (capacity === undefined ? '–' : rate(capacity)) },
  { head: 'host', align: 'left', of: ({ host }) => host },
  { head: 'version', align: 'left', of: ({ version }) => version },
]

/** Workers as a table of so many columns; what does not fit is left out from the right. Behind it what somebody should look at. */
export function workerTable(
  workers: readonly HeardWorker[],
  lost: readonly LostWorker[],
  width: number,
  paint: Paint,
): string {
  const rows = workers.map((worker) => columns.map(({ of }) => printable(of(worker))))
  const notes = [
    ...workers.flatMap((worker) => worries(worker)),
    ...versionWorries(workers),
    ...lost.map(lostText),
  ]
  return [
    summary(workers),
    ...(workers.length === 0 ? [] : ['', ...textTable(columns, rows, width)]),
    ...(notes.length === 0 ? [] : ['']),
    ...notes.flatMap((note) => wrap(printable(note), width, '  ')).map((line) => paint.doubtful(line)),
  ].join('\n')
}

function stateText(state: string, isHalted: boolean): string {
  if (!isHalted) return state
  return state === 'idle' ? 'halted' : `${state}, halted`
}

function summary(workers: readonly HeardWorker[]): string {
  if (workers.length === 0) return 'no worker beats at this NATS server'
  const states = new Map<string, number>()
  for (const { state } of workers) states.set(state, (states.get(state) ?? 0) + 1)
  const threads = workers.reduce((sum, worker) => sum + worker.threads, 0)
  return [
    `${plural(workers.length, 'worker')} with ${plural(threads, 'thread')}`,
    [...states].map(([state, number]) => `${number} ${state}`).join(', '),
  ].join(' · ')
}

function worries({ id, halt, vitals, failure }: HeardWorker): readonly string[] {
  const unacknowledged = vitals?.unacknowledged ?? 0
  const dropped = vitals?.dropped ?? 0
  const reconnects = vitals?.reconnects ?? 0
  return [
    ...(halt === undefined ? [] : [`${id} is halted by ${halt.by}: ${halt.why}`]),
    ...(failure === undefined ? [] : [`${id} has failed: ${failure.message}`]),
    ...((vitals?.loopDelayMs ?? 0) < heldUpMs
      ? []
      : [`${id} is held up: a loop of its threads came ${time(vitals?.loopDelayMs ?? 0)} late`]),
    ...(unacknowledged <= 5
      ? []
      : [`${plural(unacknowledged, 'snapshot')} of ${id} wait for a controller to acknowledge them`]),
    ...(reconnects === 0 ? [] : [`${id} has lost its connection to NATS ${plural(reconnects, 'time')}`]),
    ...(dropped === 0
      ? []
      : [`${id} has dropped ${plural(dropped, 'message')} that no part of this cluster sends`]),
  ]
}

function versionWorries(workers: readonly HeardWorker[]): readonly string[] {
  const versions = [...new Set(workers.map(({ version }) => version))].sort()
  return versions.length < 2
    ? []
    : [`Workers are of versions ${versions.join(', ')}: one version everywhere understands itself`]
}

function lostText({ id, run, status }: LostWorker): string {
  return `${id} is not heard any more: run ${run} has it as ${status}`
}
