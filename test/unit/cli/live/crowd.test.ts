import test from 'ava'
import { createCrowd, kindOf } from '../../../../cli/live/crowd.ts'

test('of lines that many workers cause at once the first few are told, and how many more there were', (t) => {
  const told: string[] = []
  const crowd = createCrowd((line) => told.push(line))
  for (let n = 1; n <= 1000; n++) {
    const line = `worker w${n} is gone: it was not heard from`
    crowd.tell(kindOf(line), line)
  }
  crowd.tell(kindOf('ending (stopped): enough'), 'ending (stopped): enough')
  t.deepEqual(
    told,
    [1, 2, 3, 4, 5]
      .map((n) => `worker w${n} is gone: it was not heard from`)
      .concat('ending (stopped): enough'),
  )
  crowd.close()
  t.is(told.at(-1), 'and 995 more lines like these within a second')
  t.is(told.length, 7)
})
