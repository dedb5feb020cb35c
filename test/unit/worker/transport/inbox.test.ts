import test from 'ava'
import fc from 'fast-check'
import { Inbox, InboxBudget } from '../../../../worker/transport/inbox.ts'

const message = (text: string) => ({ headers: [], body: Buffer.from(text) })
const textsOf = (inbox: Inbox) => inbox.last(1000).map(({ body }) => Buffer.from(body).toString())
const wide = () => new InboxBudget(1_000_000)

test('messages are taken in the order in which they came, each once', (t) => {
  const inbox = new Inbox({ messages: 10, bytes: 1000 }, wide())
  for (const text of ['a1', 'b1', 'a2']) inbox.push(message(text))
  const take = (letter: string) => {
    const taken = inbox.take(({ body }) => body[0] === letter.charCodeAt(0))
    return taken && Buffer.from(taken.body).toString()
  }
  t.is(take('a'), 'a1')
  t.deepEqual(textsOf(inbox), ['b1', 'a2'])
  t.is(take('c'), null)
  t.is(take('a'), 'a2')
  t.is(take('a'), null)
  t.is(inbox.dropped, 0)
})

test('the oldest go first where there are too many, too many bytes, or too many in all inboxes together', (t) => {
  const few = new Inbox({ messages: 2, bytes: 1000 }, wide())
  for (const text of ['a', 'b', 'c']) few.push(message(text))
  t.deepEqual(textsOf(few), ['b', 'c'])

  const small = new Inbox({ messages: 10, bytes: 5 }, wide())
  for (const text of ['aa', 'bb', 'cc']) small.push(message(text))
  t.deepEqual(textsOf(small), ['bb', 'cc'])
  small.push(message('more than five'))
  t.deepEqual(textsOf(small), [], 'one that is larger than all the room finds none')
  t.is(small.dropped, 4)

  const budget = new InboxBudget(6)
  const [one, other] = [
    new Inbox({ messages: 10, bytes: 10 }, budget),
    new Inbox({ messages: 10, bytes: 10 }, budget),
  ]
  one.push(message('four'))
  other.push(message('x'))
  other.push(message('yy'))
  t.deepEqual(textsOf(other), ['yy'])
  t.deepEqual(textsOf(one), ['four'])
  one.clear()
  t.is(budget.held, 2)
})

test('what is kept is a copy', (t) => {
  const inbox = new Inbox({ messages: 10, bytes: 100 }, wide())
  const memory = Buffer.from('before')
  inbox.push({ headers: [], body: memory })
  memory.fill('x')
  t.deepEqual(textsOf(inbox), ['before'])
})

test('the budget holds what its inboxes hold, and no inbox more than its bounds', (t) => {
  const action = fc.record({
    inbox: fc.nat(2),
    length: fc.nat(40),
    what: fc.constantFrom('push', 'push', 'push', 'take', 'clear'),
  })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      const budget = new InboxBudget(100)
      const inboxes = [0, 1, 2].map(() => new Inbox({ messages: 5, bytes: 60 }, budget))
      for (const { inbox, length, what } of actions) {
        const one = inboxes[inbox] as Inbox
        if (what === 'push') one.push(message('x'.repeat(length)))
        else if (what === 'take') one.take(({ body }) => body.length >= length)
        else one.clear()
        const bytes = inboxes.map((each) => each.last(1000).reduce((sum, { body }) => sum + body.length, 0))
        t.is(budget.held, (bytes[0] ?? 0) + (bytes[1] ?? 0) + (bytes[2] ?? 0))
        t.true(bytes.every((held) => held <= 60))
        t.true(budget.held <= 100)
      }
    }),
  )
})
