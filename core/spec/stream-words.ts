import type { StreamAction } from './load-test.ts'
import type { MatcherWish } from './schema-answer.ts'
import type { StepWish } from './schema-scenario.ts'

export const streamKinds = ['ws', 'sse'] as const
export type StreamKind = (typeof streamKinds)[number]

export type ActionKind = StreamAction['kind']

type WebSocketWish = NonNullable<StepWish['ws']>
type EventsWish = NonNullable<StepWish['sse']>

/** What is written below `ws`, or below `sse`. */
export type StreamWish = Omit<WebSocketWish, 'expect' | 'close'> &
  Pick<EventsWish, 'open'> & {
    readonly expect?: string | ExpectWish | undefined
    readonly close?: WebSocketWish['close'] | EventsWish['close']
  }

export interface ExpectWish {
  readonly event?: MatcherWish | undefined
  readonly id?: MatcherWish | undefined
  readonly text?: MatcherWish | undefined
  readonly json?: Record<string, MatcherWish> | undefined
}

/** What opens a stream. */
export const openingKeys = { ws: 'connect', sse: 'open' } as const

export const streamNouns = { ws: 'a WebSocket', sse: 'a stream of events' } as const

/** What a step is called when it has no name of its own; undefined where it can't be told. */
export function defaultStreamName(
  kind: StreamKind,
  stream: Readonly<Record<string, unknown>>,
): string | undefined {
  const words = kind.toUpperCase()
  const opening = openingKeys[kind]
  const path = stream[opening]
  if (typeof path === 'string') return `${words} ${opening} ${path.split('?')[0] ?? path}`
  const action = ['send', 'expect', 'close'].find((key) => stream[key] !== undefined)
  if (action === undefined) return undefined
  return typeof stream.on === 'string' ? `${words} ${action} ${stream.on}` : `${words} ${action}`
}
