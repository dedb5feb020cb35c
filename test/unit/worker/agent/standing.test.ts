import test from 'ava'
import type { StandingReply } from '../../../../proto/messages.ts'
import { createStanding } from '../../../../worker/agent/standing.ts'

const member: StandingReply = { term: 1, standing: 'member', epochs: [] }

/** Answers by number of the question; each takes `tookMs`. */
function asked(answers: readonly (StandingReply | Error)[], tookMs: readonly number[] = []) {
  let nowMs = 0
  let questions = 0
  const log: string[] = []
  const standing = createStanding({
    async ask() {
      const answer = answers[questions]
      nowMs += tookMs[questions] ?? 1
      questions++
      if (answer === undefined) throw new Error('asked once too often')
      if (answer instanceof Error) throw answer
      return answer
    },
    term: () => 1,
    onReply: ({ standing: what }) => log.push(what),
    confirm: (thread, question) => log.push(`confirm ${thread} ${question}`),
    localNowMs: () => nowMs,
    pause: async () => {},
    onTrouble: (error) => log.push((error as Error).message),
  })
  return { standing, log, questions: () => questions }
}

/** Everything that can go on without time has. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('a thread is confirmed by an answer to what was asked after it', async (t) => {
  const { standing, log, questions } = asked([member, member])
  standing.fenced(0, 1)
  // The first is on its way by now, and may have been answered before this thread was stopped.
  standing.fenced(1, 1)
  await settled()
  t.deepEqual(log, ['member', 'confirm 0 1', 'member', 'confirm 1 1'])
  t.is(questions(), 2)
})

test('it asks again until it is answered, by a controller that still has the run, and in time', async (t) => {
  const silent = new Error('nobody')
  const { standing, log } = asked([silent, { ...member, term: 0 }, member, member], [1, 1, 1_001, 1_000])
  standing.fenced(0, 7)
  await settled()
  t.deepEqual(log, [
    'nobody',
    'it was answered by a controller that was taken the place of',
    'member',
    'member',
    'confirm 0 7',
  ])
})

test('a worker that was replaced is told once, and asks no more', async (t) => {
  const { standing, log, questions } = asked([{ ...member, standing: 'replaced' }])
  standing.fenced(0, 1)
  await settled()
  standing.fenced(0, 2)
  standing.ask()
  await settled()
  t.deepEqual(log, ['replaced'])
  t.is(questions(), 1)
})

test('one that heard of an epoch asks, though no thread waits', async (t) => {
  const { standing, log } = asked([new Error('nobody'), member])
  standing.ask()
  await settled()
  t.deepEqual(log, ['nobody', 'member'])
})
