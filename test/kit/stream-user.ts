import type { StreamMessage, StreamOperation, Wanted } from '../../core/scenario/compiled.ts'
import type { Exchange } from '../../worker/engine/transport-port.ts'
import type { RouteSettings } from '../../worker/transport/create-transport.ts'
import { StreamsTransport } from '../../worker/transport/streams.ts'
import { Exchanges, type RequestWish, type TargetWish, targetOf } from './exchanges.ts'

type Kind = 'ws' | 'sse'
type Opening = Extract<StreamOperation, { kind: 'open' }>

export function streamExchanges(
  url: string,
  wish: TargetWish = {},
  more: Partial<RouteSettings> = {},
): Exchanges {
  return new Exchanges(targetOf(url, wish), more, (settings) => new StreamsTransport(settings))
}

/** One user, who has the slot of that number and uses one stream of one kind unless told otherwise. */
export class StreamUser {
  readonly #exchanges: Exchanges
  readonly #kind: Kind
  readonly #slot: number

  constructor(exchanges: Exchanges, kind: Kind, slot = 0) {
    this.#exchanges = exchanges
    this.#kind = kind
    this.#slot = slot
  }

  open(
    wish: Partial<Opening> & {
      path?: string
      headers?: readonly string[]
      stream?: number
    } & RequestWish = {},
  ): Promise<Exchange> {
    const {
      path = '/echo',
      headers = [],
      stream = 0,
      subprotocols = [],
      life = 'iteration',
      keeps = true,
    } = wish
    return this.start({ kind: 'open', subprotocols, life, keeps }, { ...wish, path, headers }, stream).done
  }

  send(data: string | Uint8Array, wanted: Wanted | null = null, stream = 0): Promise<Exchange> {
    return this.start({ kind: 'send', data, wanted }, {}, stream).done
  }

  expect(wanted: Wanted, stream = 0): Promise<Exchange> {
    return this.start({ kind: 'expect', wanted }, {}, stream).done
  }

  close(code = 1000, reason = '', stream = 0): Promise<Exchange> {
    return this.start({ kind: 'close', code, reason }, {}, stream).done
  }

  leave(whose: 'iteration' | 'user' = 'iteration'): void {
    this.#exchanges.transport.leave?.(this.#slot, whose)
  }

  start(operation: StreamOperation, wish: RequestWish = {}, stream = 0): ReturnType<Exchanges['start']> {
    const { path = '', headers = [] } = wish
    return this.#exchanges.start({
      wantBody: true,
      ...wish,
      slot: this.#slot,
      request: { kind: this.#kind, target: 0, stream, name: 'chat', path, headers, operation },
    })
  }
}

export function textOf(message: { readonly body: Uint8Array | null }): string {
  return Buffer.from(message.body ?? []).toString()
}

export const anything: Wanted = { count: 1, accepts: () => true }

export function wanted(text: string, count = 1): Wanted {
  return { count, accepts: (message: StreamMessage) => textOf(message).includes(text) }
}
