import { peakRequestRate } from '../plan/calibration.ts'
import type { Doubt, Facts } from './judged.ts'
import { limitHit, limitText } from './limit-hit.ts'
import {
  counted,
  countText,
  durationText,
  listText,
  namesText,
  percentText,
  stretchText,
} from './quantity-text.ts'
import { microsPerSecond } from './recorded-time.ts'
import type { MemberRecord } from './run-record.ts'

const morePower = 'Start more workers or threads (--workers, --threads), or lower the rate, and run again.'

/** What happened that leaves objectives unknown, and what to do about it. */
export function causeText(facts: Facts, doubt: Doubt): string {
  switch (doubt) {
    case 'late':
      return lateText(facts)
    case 'busy':
      return busyText(facts)
    case 'short':
      return facts.generator.short.map((_, index) => shortText(facts, index)).join(' ')
    case 'users-lost':
      return usersLostText(facts)
    case 'data-missing':
      return dataMissingText(facts)
    case 'unknown-iterations': {
      const lost = lostMembers(facts)
      if (lost.length > 0) return `${lossesText(lost)} Find out why, and run again.`
      return facts.record.endingAt === null
        ? 'Let them finish: lengthen limits.drain, and run again.'
        : 'Let the run come to its end.'
    }
    case 'nothing-measured':
    case 'few-samples':
    case 'no-window':
    case 'confidence':
      return 'Run longer, or at a higher rate.'
    case 'not-kept':
      return 'Leave `ok` out.'
    default:
      return doubt satisfies never
  }
}

export function lateText(facts: Facts): string {
  const { generator } = facts
  const [first] = generator.late
  const when = first === undefined ? '' : ` ${stretchText(first)}`
  const more = generator.late.length > 1 ? `, and ${counted(generator.late.length - 1, 'time')} more` : ''
  const lag = durationText(generator.latenessMs ?? 0)
  return `The generator was late${when}${more}: its pacer lag (p99) reached ${lag}, limit ${durationText(generator.lateLimitMs)}, so response times are measured too high. ${calibratedText(facts)}${remedyOf(facts)}`
}

/** Which limit was hit, on which thread, and what to change; where nobody knows, more of everything. */
function remedyOf({ record, generator }: Facts): string {
  const hit = limitHit(record, generator.late)
  const text = hit === null ? '' : limitText(hit, record.pace)
  return text === '' ? morePower : `${text}Then run again.`
}

/** Whether the rate or something else was too much, where that is known. */
function calibratedText({ record: { test, plan, members }, calibration }: Facts): string {
  if (calibration === null) return ''
  const peak = Math.round(peakRequestRate(test, plan))
  const threads = members.reduce((sum, member) => sum + member.threads, 0)
  const most = calibration.openPerSecond * Math.min(threads, calibration.cores)
  const asked = `The load asks for up to ${countText(peak)} requests per second, and by its calibration this machine sends ${countText(most)} in time with ${counted(threads, 'thread')}`
  return peak > most
    ? `${asked}. `
    : `${asked}: something else may use its cores, or the scenario costs more than a plain request. `
}

function busyText({ generator }: Facts): string {
  const [first] = generator.busy
  if (first === undefined) return morePower
  return `Thread ${first.thread} of worker ${first.worker} was above 80 % CPU ${stretchText(first)} (up to ${percentText(first.cpu)}), so its users may have been slowed down by the generator. ${morePower}`
}

export function shortText({ record, generator }: Facts, index = 0): string {
  const short = generator.short[index]
  if (short === undefined) return ''
  const name = record.test.load[short.phase]?.name ?? ''
  const parts = [
    ...(short.late > 0
      ? [
          `${counted(short.late, 'arrival')} of ${name} ${short.late === 1 ? 'was' : 'were'} skipped because the generator was over 1 s late`,
        ]
      : []),
    ...(short.lost > 0
      ? [
          `${countText(short.lost)} of ${counted(short.planned, 'arrival')} of ${name} (${percentText(short.lost / short.planned)}) were lost with their worker`,
        ]
      : []),
  ]
  const remedy = short.late > 0 ? morePower : 'Find out why the worker was lost, and run again.'
  return `The target had it easier than planned: ${listText(parts)}. ${remedy}`
}

function usersLostText({ record, accounts }: Facts): string {
  const broken = accounts.phases.flatMap((account, phase) =>
    account.broken
      ? [
          `${record.test.load[phase]?.name ?? ''} (${countText(Math.ceil(account.gapUserSeconds))} user-seconds)`,
        ]
      : [],
  )
  return `Users stood still in ${listText(broken)}, and what they would have measured is not known. ${lossesText(lostMembers({ record }))} Find out why, and run again.`
}

export function dataMissingText({ record }: Pick<Facts, 'record'>): string {
  const of = (state: string) => record.metrics.workers.filter(({ proof }) => proof.state === state)
  const [incomplete, contradicted] = [of('incomplete'), of('contradicted')]
  const missing = incomplete.reduce((sum, worker) => sum + worker.missing, 0)
  const parts = [
    ...(incomplete.length === 0
      ? []
      : [`${counted(missing, 'snapshot')} of ${workersText(incomplete)} did not come`]),
    ...(contradicted.length === 0
      ? []
      : [
          `${workersText(contradicted)} measured more than ${contradicted.length === 1 ? 'it states' : 'they state'}, which is a defect of Breakwater`,
        ]),
  ]
  return `Measurements are missing: ${listText(parts)}. Check the connection between workers and controller, and run again.`
}

export function lostMembers({ record }: Pick<Facts, 'record'>): readonly MemberRecord[] {
  return record.members.filter(({ state }) => state === 'lost' || state === 'failed')
}

function workersText(workers: readonly { readonly worker: string }[]): string {
  return `worker${workers.length === 1 ? '' : 's'} ${namesText(workers.map(({ worker }) => worker))}`
}

/** A sentence each of those that went in the same way and for the same reason. */
export function lossesText(members: readonly MemberRecord[]): string {
  const gone = members.filter(({ state }) => state !== 'drained')
  return [...Map.groupBy(gone, ({ state, why }) => `${state} ${why}`).values()].map(lossText).join(' ')
}

function lossText(alike: readonly MemberRecord[]): string {
  const [first] = alike
  if (first === undefined) return ''
  const isOne = alike.length === 1
  const did = { lost: isOne ? 'was lost' : 'were lost', failed: 'failed', left: 'left', drained: '' }
  const instants = alike.flatMap(({ lostAt }) => (lostAt === null ? [] : [lostAt]))
  const [from, to] = [Math.min(...instants), Math.max(...instants)].map((at) =>
    durationText((at / microsPerSecond) * 1000),
  )
  const when = instants.length === 0 ? '' : from === to ? ` at ${from}` : ` from ${from} to ${to}`
  const because = first.why === null ? '' : `: ${first.why}`
  return `${isOne ? 'Worker' : 'Workers'} ${namesText(alike.map(({ id }) => id))} ${did[first.state]}${when}${because}.`
}
