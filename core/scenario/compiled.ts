import type { RequestError } from '../measure/request-error.ts'
import type { Files } from '../spec/files.ts'
import type { LoadTest, Think } from '../spec/load-test.ts'
import type { RowSource } from './row-picker.ts'

/**
 * A LoadTest's scenarios, compiled once per thread. A program is a flat list of operations walked by a counter, so that
 * loops, branches, groups and flows are further operations (jump, branch, enter, leave), not another interpreter.
 */
export interface CompiledTest {
  readonly scenarios: readonly CompiledScenario[]
  /** Every request of every program; `CompiledRequest.index` counts through it. */
  readonly requests: readonly CompiledRequest[]
  /** By their order in the LoadTest's `data`, with their number of rows; 0 for one that no template reads. For createRowPicker. */
  readonly sources: readonly RowSource[]
  /** Done once for the whole cluster, by one worker; no series, no rows. Null: there is nothing to do. */
  readonly setup: CompiledScenario | null
  readonly teardown: CompiledScenario | null
  /** What set-up captured, before the load and before teardown: `${setup.x}` in every scope. */
  provideSetup(values: Readonly<Record<string, unknown>>): void
  /** The token of a target with `auth.oauth2`, by its number: requests that are rendered from now on carry it. */
  provideToken(target: number, token: string): void
  /** A fresh scope for one user; pooled by the engine. */
  createScope(): Scope
}

export interface CompiledScenario {
  readonly index: number
  readonly name: string
  /** Heads a user's iterations until it has succeeded once. Empty: none. */
  readonly onStart: Program
  readonly program: Program
  /** Names of its groups and of its streams; operations and series count through them. */
  readonly groups: readonly string[]
  /** Some step opens a stream. */
  readonly hasStreams: boolean
  /** The most requests one iteration can send, redirect hops included and messages of streams not; null: not bounded. */
  readonly mostRequests: number | null
  /** Data sources it draws a row from, by their order in the LoadTest's `data`. */
  readonly draws: readonly number[]
  /** Those of `draws` that onStart reads: drawn once per user, their rows stay the user's until `reset`. */
  readonly onStartDraws: readonly number[]
}

export type Program = readonly Op[]

export type Op =
  | { readonly kind: 'request'; readonly request: CompiledRequest; readonly poll: Poll | null }
  /** A `think` step. */
  | { readonly kind: 'think'; readonly think: Think }
  /** The scenario's own, between two requests: nothing before the first one, and where a `think` step lay between. */
  | { readonly kind: 'pause'; readonly think: Think }
  /** `to` is a place in the program, as in all that follow; its length is the end. */
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'unless'; readonly to: number; holds(scope: Scope): boolean }
  /** Takes the first target whose bound is above the draw; bounds ascend to 1. */
  | { readonly kind: 'choose'; readonly bounds: readonly number[]; readonly targets: readonly number[] }
  /** Gives the length of the list; where it is empty, goes on at `to`. */
  | { readonly kind: 'forEach'; readonly path: string; readonly to: number; begin(scope: Scope): number }
  | { readonly kind: 'set'; run(scope: Scope): void }
  /** A group, by its place in CompiledScenario.groups; they nest. */
  | { readonly kind: 'enter'; readonly group: number }
  | { readonly kind: 'leave' }

/** A request that is made again until its judgement says otherwise. */
export interface Poll {
  /** From an answer to the next request. */
  readonly everyMs: number
  /** Requests at most. */
  readonly max: number
}

export interface CompiledRequest {
  readonly index: number
  readonly scenario: number
  readonly name: string
  /** Where it stands in the file. */
  readonly path: string
  readonly protocol: RenderedRequest['kind']
  readonly onError: 'stop' | 'continue'
  readonly timeoutMs: number
  /** Redirects that are followed; 0: a redirect is an answer. */
  readonly redirects: number
  /** The step follows them, or says itself which status it wants: none in its answer is a surprise. */
  readonly expectsRedirects: boolean
  /** What the transport has to keep of the response: nothing that nobody looks at is materialised. */
  readonly needs: { readonly headers: boolean; readonly cookies: boolean; readonly body: boolean }
  /** The target whose token it carries (`provideToken`); null: none. */
  readonly token: number | null
  /** One and the same frozen object where nothing in the request varies: then a transport may keep what it makes of it. Null: `render`. */
  readonly constant: RenderedRequest | null
  /**
   * Fills the holes from the scope. Throws nothing: what can't be rendered has been refused when the file was read, or has become too large.
   * A request in which only cookies could vary has no `constant`, but gives one and the same frozen object as long as the user has none to send.
   */
  render(scope: Scope): RenderedRequest
  /** What `render` gives where the request has become too large: not to be sent, but to be shown. It fails as `too_large`. */
  readonly unsendable: RenderedRequest
  /** For a call whose answer is a stream: who looks at its messages as they come. Null: nobody looks into them. */
  readonly openStream: ((scope: Scope) => StreamWatch) | null
  /** Captures into the scope and checks. Never throws, bounded in time and memory whatever the body is. */
  judge(scope: Scope, response: ReceivedResponse): Judgement
}

/** Text as UTF-8, bytes, or bytes in several pieces, so that large files are never copied; null: none. */
export type RenderedBody = string | Uint8Array | readonly Uint8Array[] | null

export type RenderedRequest =
  | {
      readonly kind: 'http'
      /** Where it goes: its number in `targetsOf` (core/spec/targets.ts), 0 for the main one. */
      readonly target: number
      readonly method: string
      /** Path and query, encoded. */
      readonly path: string
      /**
       * name, value, name, value …, names in lower case; those of the target included, `content-length` not, and `host` only where the
       * LoadTest gives one. Values are free of control characters; what is beyond ASCII is UTF-8 with one character per byte (write latin1).
       */
      readonly headers: readonly string[]
      readonly body: RenderedBody
    }
  | {
      readonly kind: 'grpc'
      readonly target: number
      /** `/package.Service/Method` */
      readonly path: string
      /** In the order in which they are sent. */
      readonly messages: readonly unknown[]
      /** Pause between two messages. */
      readonly betweenMs: number
      readonly metadata: readonly string[]
      /** How long the call may take from its dispatch on: told to the server as its deadline. */
      readonly timeoutMs: number
    }
  | StreamRequest

/**
 * What a step does with a stream: a WebSocket, or server-sent events. A user has one stream of a number at a time. Opening it is an HTTP request
 * on a connection of its own; whatever follows goes over that connection and has neither path nor headers.
 */
export interface StreamRequest {
  readonly kind: 'ws' | 'sse'
  readonly target: number
  /** Its place in {@link CompiledScenario.groups}: its duration is a series as theirs. */
  readonly stream: number
  /** What the LoadTest calls it. */
  readonly name: string
  /** Of the request that opens it; else ''. */
  readonly path: string
  /** As those of an HTTP request. */
  readonly headers: readonly string[]
  readonly operation: StreamOperation
}

export type StreamOperation =
  | {
      readonly kind: 'open'
      /** WebSocket alone: what is offered, the preferred one first. */
      readonly subprotocols: readonly string[]
      /** How long it stays open where nothing closes it: the iteration, or the user's life. */
      readonly life: 'iteration' | 'user'
      /** Some step waits for messages that may have come before it: they are kept, within bounds. */
      readonly keeps: boolean
    }
  /** Null: done when written. Else done by the wanted one among the messages that come after it. */
  | { readonly kind: 'send'; readonly data: string | Uint8Array; readonly wanted: Wanted | null }
  /** Messages that came before are looked at first, the oldest first. */
  | { readonly kind: 'expect'; readonly wanted: Wanted }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

/** Messages that end a step. */
export interface Wanted {
  /** That many of them, the last one is the answer. */
  readonly count: number
  /** Never throws, bounded in time and memory whatever the message is. */
  accepts(message: StreamMessage): boolean
}

export interface StreamMessage {
  /** As the headers of a response: `event` and `id` of a server-sent event; none of a WebSocket's. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

/** What a transport hands back; fields nobody needs are null. */
export interface ReceivedResponse {
  /** HTTP status, or the gRPC status code's number; 0 for a message of a stream. */
  readonly status: number
  /** name, value, name, value …, names in lower case. */
  readonly headers: readonly string[] | null
  /** HTTP body, without its transfer and content codings. */
  readonly body: Uint8Array | null
  /** gRPC: the decoded message of an answer that is one. */
  readonly message: unknown
  /** gRPC: the number of messages received. */
  readonly messages: number
  /** What `openStream` gave for this answer; null: it was no stream, or nobody looks into it. */
  readonly stream: StreamWatch | null
  readonly serviceMs: number
  readonly bodyBytes: number
}

/** Looks at the messages of one stream; keeps none of them. */
export interface StreamWatch {
  /** True: enough has come, and the call may be ended. Never throws, bounded in time whatever the message is. */
  take(message: unknown): boolean
}

export interface Judgement {
  /** Null: good. Else status_4xx, status_5xx, status, check, capture or grpc_<CODE>. */
  readonly error: RequestError | null
  /** A sentence, where there is an error: `expected status 200, got 503`. */
  readonly detail: string | null
  readonly checksPassed: number
  readonly checksFailed: number
  /** A poll's answer that is good, and not the one that is waited for: what it is not, as a sentence. */
  readonly again?: string
}

/** The variable part of one user's journey: captures, rows, cookies and random draws. All of it derives from the key. */
export interface Scope {
  /** A new user: forgets captures, cookies and rows. */
  reset(): void
  /**
   * A new iteration. Everything random in it follows from (seed, phase, key).
   * Open: key = [arrival, 0, 0]. Closed: key = [user, epoch, k].
   */
  begin(seed: number, phase: number, key0: number, key1: number, key2: number): void
  /** The row that data source takes in this iteration, before its first request is rendered. */
  drawRow(source: number, row: number): void
  /** `set-cookie` values of a response to that request. */
  storeCookies(setCookie: readonly string[], request: RenderedRequest): void
  /** The `cookie` header that the user has for a request; empty: none. */
  cookiesFor(request: RenderedRequest): string
  /** Draws in [0, 1) for the engine: scenario choice first, then think times. Seeded by `begin`. */
  random(): number
  /** What `${iteration()}` gives. */
  readonly iteration: number
  /** Captures by name. */
  captured(): Readonly<Record<string, unknown>>
  /** Captures and variables as they stand, for a trace; secrets redacted. */
  describe(): Readonly<Record<string, unknown>>
}

export type { Files }

/**
 * `epochMs` is the wall clock, in ms since 1970: for `${now()}`, `${date(…)}` and the expiry of cookies, nothing else.
 * Throws BreakwaterError `invalid-spec` or `file-unreadable` for what only the files themselves could show.
 */
export type CompileTest = (test: LoadTest, files: Files, epochMs: () => number) => CompiledTest
