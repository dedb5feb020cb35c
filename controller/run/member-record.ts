import type { MemberRecord } from '../../core/verdict/run-record.ts'
import type { Member } from './coordinator-state.ts'

export function memberRecord(member: Member, startAtMs: number): MemberRecord {
  return {
    id: member.id,
    incarnation: member.incarnation,
    host: member.host,
    threads: member.threads,
    state: fateOf(member),
    lostAt: member.lostAtMs === null ? null : (member.lostAtMs - startAtMs) * 1000,
    why: member.why,
    clockUncertaintyMs: member.roundTripMs / 2,
    clockDriftMs: member.driftMs,
  }
}

function fateOf({ status }: Member): MemberRecord['state'] {
  return status === 'lost' || status === 'failed' || status === 'left' ? status : 'drained'
}
