import test from 'ava'
import fc from 'fast-check'
import type { Member, MemberStatus } from '../../../../controller/run/coordinator-state.ts'
import { MemberMap } from '../../../../controller/run/member-map.ts'

function member(number: number, status: MemberStatus, heardAtMs: number): Member {
  return { id: `w${number}`, status, heardAtMs } as Member
}

const changes = fc.array(
  fc.tuple(fc.nat(99), fc.constantFrom<MemberStatus>('ready', 'armed', 'lost'), fc.nat(9)),
  { maxLength: 300, size: 'max' },
)

test('members that are put one over the other are those of a map, in its order, and none before has changed', (t) => {
  fc.assert(
    fc.property(changes, (puts) => {
      const map = new Map<string, Member>()
      let members = MemberMap.of(new Map())
      for (const [number, status, heardAtMs] of puts) {
        const before = members
        const text = JSON.stringify([...before])
        const put = member(number, status, heardAtMs)
        map.set(put.id, put)
        members = members.with(put)
        t.is(JSON.stringify([...before]), text)
      }
      t.deepEqual([...members], [...map])
      t.deepEqual([...members.keys()], [...map.keys()])
      t.is(members.size, map.size)
      for (const id of [...map.keys(), 'nobody']) {
        t.is(members.get(id), map.get(id))
        t.is(members.has(id), map.has(id))
      }
    }),
    { numRuns: 60 },
  )
})

test('members differ where one is in them that the others do not have, or that is another in what is asked for', (t) => {
  fc.assert(
    fc.property(changes, changes, (puts, more) => {
      const before = puts.reduce((map, put) => map.with(member(...put)), MemberMap.of(new Map()))
      const after = more.reduce((map, put) => map.with(member(...put)), before)
      const statuses = (map: MemberMap) => JSON.stringify([...map].map(([id, { status }]) => [id, status]))
      const differs = after.differs(before, (a, b) => a.status !== b.status)
      t.is(differs, statuses(after) !== statuses(before))
      t.is(
        MemberMap.of(new Map(after)).differs(before, (a, b) => a.status !== b.status),
        differs,
      )
    }),
    { numRuns: 60 },
  )
})
