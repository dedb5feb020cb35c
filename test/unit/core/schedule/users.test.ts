import test from 'ava'
import fc from 'fast-check'
import { peakUsers, userStart, userStop, usersAt } from '../../../../core/schedule/users.ts'
import type { ClosedPhase } from '../../../../core/spec/load-test.ts'
import { closedPhase } from '../../../kit/phases.ts'

const up = closedPhase({ durationMs: 60_000, users: { from: 2, to: 12, overMs: 10_000 } })
const down = closedPhase({ durationMs: 60_000, users: { from: 12, to: 2, overMs: 10_000 } })
const atOnce = closedPhase({ durationMs: 60_000, users: { from: 0, to: 5, overMs: 0 } })
const cut = closedPhase({ durationMs: 5_500, users: { from: 2, to: 12, overMs: 10_000 } })

const counts: readonly [string, ClosedPhase, readonly (readonly [timeMs: number, users: number])[]][] = [
  [
    'joining',
    up,
    [
      [-1, 0],
      [0, 2],
      [999, 2],
      [1000, 3],
      [5500, 7],
      [10_000, 12],
      [59_999, 12],
      [60_000, 0],
    ],
  ],
  [
    'leaving',
    down,
    [
      [0, 12],
      [999, 12],
      [1000, 11],
      [5500, 7],
      [10_000, 2],
      [59_999, 2],
      [60_000, 0],
    ],
  ],
  [
    'at once',
    atOnce,
    [
      [0, 5],
      [59_999, 5],
    ],
  ],
  [
    'cut short',
    cut,
    [
      [0, 2],
      [5499, 7],
      [5500, 0],
    ],
  ],
]

for (const [title, phase, expected] of counts) {
  test(`users at work, ${title}`, (t) => {
    t.deepEqual(
      expected.map(([timeMs]) => [timeMs, usersAt(phase, timeMs)]),
      expected.map((pair) => [...pair]),
    )
  })
}

test('each user has a start and a stop', (t) => {
  t.deepEqual(
    [0, 1, 2, 11, 12].map((user) => userStart(up, user)),
    [0, 0, 1000, 10_000, undefined],
  )
  t.deepEqual(
    [0, 11].map((user) => userStop(up, user)),
    [60_000, 60_000],
  )
  t.deepEqual(
    [0, 11, 12].map((user) => userStart(down, user)),
    [0, 0, undefined],
  )
  t.deepEqual(
    [1, 2, 10, 11].map((user) => userStop(down, user)),
    [60_000, 10_000, 2000, 1000],
  )
  t.is(userStart(cut, 6), 5000)
  t.is(userStart(cut, 7), undefined)
  t.deepEqual([up, down, atOnce, cut].map(peakUsers), [12, 12, 5, 7])
})

test('the users at work at an instant are those who have started and not stopped', (t) => {
  const users = fc.nat({ max: 40 })
  fc.assert(
    fc.property(
      fc.record({
        from: users,
        to: users,
        overMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9999 })),
      }),
      fc.integer({ min: 0, max: 12_000 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
      (ramp, durationMs, shares) => {
        const phase = closedPhase({ durationMs, users: ramp })
        const everyone = Array.from({ length: 42 }, (_, user) => user)
        const changes = everyone.flatMap((user) => [userStart(phase, user) ?? 0, userStop(phase, user)])
        const instants = [...changes, ...shares.map((share) => share * durationMs)].filter(
          (ms) => ms < durationMs,
        )
        return instants.every((ms) => {
          const working = everyone.filter((user) => {
            const startMs = userStart(phase, user)
            return startMs !== undefined && startMs <= ms && ms < userStop(phase, user)
          })
          return working.length === usersAt(phase, ms) && working.every((user) => user < peakUsers(phase))
        })
      },
    ),
  )
  t.pass()
})
