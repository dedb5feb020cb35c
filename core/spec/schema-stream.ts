import { z } from 'zod'
import { matcherSchema } from './schema-answer.ts'
import { field, identifier, json, map, period, template, whole } from './schema-fields.ts'

const text = field(
  matcherSchema.optional(),
  'Of the whole text of the message, written as a check of a body.',
  '~hello',
)
const jsonPaths = field(
  z.record(z.string(), matcherSchema).optional(),
  'By JSONPath into the message, written as a check; all of them must hold.',
  { '$.type': 'ack' },
)
const within = field(
  period().optional(),
  "How long the step waits; the step's `timeout`, or that of the target, when not given.",
  '2s',
)
const count = field(
  whole(1, 1_000_000).optional(),
  'How many messages must match; the last of them is looked at by captures and checks.',
  1,
)
const on = field(
  identifier().optional(),
  'Which stream, where the scenario opens several of its kind: the name it has by `as`.',
  'chat',
)
const as = (own: string) =>
  field(
    identifier().optional(),
    `What the stream is called in later steps and in results, where its duration is a series; \`${own}\` when not given.`,
    'chat',
  )
const opening = (what: string, example: string) =>
  field(template().min(1).max(4000).optional(), `Opens ${what} at this path below the target's URL.`, example)

const send = z.union([
  template(),
  map({ text: field(template(), 'A message of text.', 'hello ${users.name}') }),
  map({
    json: field(json(), 'A message of JSON text; a template that is a whole value keeps its type.', {
      type: 'hi',
    }),
  }),
  map({ base64: field(z.string().max(1_000_000), 'A message of bytes.', 'AAEC') }),
])

const ws = map({
  connect: opening('a WebSocket', '/chat?room=1'),
  as: as('ws'),
  subprotocols: field(
    z.array(z.string().min(1).max(200)).min(1).max(20).optional(),
    'Subprotocols that are offered, the preferred one first.',
    ['graphql-transport-ws'],
  ),
  send: field(send.optional(), 'Sends a message.', 'hello ${users.name}', { json: { type: 'hi' } }),
  expect: field(
    z.union([z.string(), map({ text, json: jsonPaths })]).optional(),
    'Waits for a message: text is matched as by a check of a body, `{}` is matched by any. Beside `send` only by one that comes after it.',
    '~hello',
    { json: { '$.type': 'ack' } },
  ),
  count,
  within,
  close: field(
    z
      .union([
        z.literal(true),
        map({
          code: field(whole(1000, 4999).optional(), 'The close code: 1000, 1001, or 3000 to 4999.', 4000),
          reason: field(z.string().max(123).optional(), 'The reason that goes with it.', 'done'),
        }),
      ])
      .optional(),
    'Closes the WebSocket, and waits until it is closed.',
    true,
  ),
  on,
})

const sse = map({
  open: opening('server-sent events', '/events'),
  as: as('sse'),
  expect: field(
    z
      .union([
        z.string(),
        map({
          event: field(
            matcherSchema.optional(),
            'Of the type of the event; `message` where it names none.',
            'price',
          ),
          id: field(matcherSchema.optional(), 'Of the id of the event.', '/^[0-9]+$/'),
          text,
          json: jsonPaths,
        }),
      ])
      .optional(),
    'Waits for an event: text is matched against its data as by a check of a body, `{}` is matched by any.',
    { event: 'price', json: { '$.sku': 'a' } },
  ),
  count,
  within,
  close: field(z.literal(true).optional(), 'Closes the connection of the events.', true),
  on,
})

/** What a step does with a stream. */
export const streamFields = {
  ws: field(
    ws.optional(),
    'A step of a WebSocket: `connect`, `send` and `expect`, `expect` alone, or `close`.',
    { connect: '/chat', as: 'chat' },
    { send: { json: { type: 'hi' } }, expect: { json: { '$.type': 'ack' } }, within: '2s' },
  ),
  sse: field(
    sse.optional(),
    'A step of server-sent events: `open`, `expect`, or `close`.',
    { open: '/events' },
    { expect: { event: 'price' }, within: '5s' },
  ),
}
