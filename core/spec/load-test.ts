import type { Reference } from './reference.ts'

/**
 * A LoadTest as the rest of the house sees it: every default filled in, every duration in milliseconds, every
 * rate in iterations per second, every ratio as a fraction, every size in bytes. It is plain JSON (it travels to the workers
 * as such) and frozen.
 */
export interface LoadTest {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly target: Target
  /** More hosts, by the name that a step's `target` gives. */
  readonly targets: Readonly<Record<string, Target>>
  /** Constants of the templates. References are resolved before a LoadTest leaves the submitting command. */
  readonly variables: Readonly<Record<string, Variable>>
  readonly data: Readonly<Record<string, DataSource>>
  /** Done once for the whole cluster before the load, by whichever worker; its captures are the templates' `setup.x`. */
  readonly setup: readonly Step[]
  /** Done once after the load, also after an abort. */
  readonly teardown: readonly Step[]
  readonly scenarios: readonly Scenario[]
  readonly load: readonly Phase[]
  readonly limits: Limits
  /** True: connect, TLS and first-byte histograms too. */
  readonly detail: boolean
  readonly workers: WorkersWish
  readonly objectives: readonly Objective[]
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Text with `${…}` holes, as the user wrote it. Compiled by core/scenario. */
export type TemplateText = string

export type Variable = { readonly kind: 'value'; readonly value: Json } | Reference

/** What proves who asks. Resolved, it is text: with holes, or as it is. */
export type Credential = { readonly kind: 'template'; readonly text: TemplateText } | Constant

/** The same for all users. */
export type Constant = { readonly kind: 'value'; readonly value: string } | Reference

/** The `authorization` of every request to a target that brings none of its own. */
export type Auth =
  | { readonly kind: 'basic'; readonly user: Credential; readonly password: Credential }
  | { readonly kind: 'bearer'; readonly token: Credential }
  /** Client credentials (RFC 6749 §4.4): one token per worker. */
  | {
      readonly kind: 'oauth2'
      readonly tokenUrl: string
      readonly clientId: Constant
      readonly clientSecret: Constant
      readonly scope: string | null
      readonly audience: string | null
      /** Before its expiry. */
      readonly refreshBeforeMs: number
      readonly sentIn: 'header' | 'body'
    }

export type Protocol = 'http1' | 'http2' | 'grpc'

export interface Target {
  /** As written: `http://host:port/base`. */
  readonly url: string
  /** Null: by scheme and ALPN. */
  readonly protocol: Protocol | null
  readonly timeoutMs: { readonly connect: number; readonly request: number }
  readonly headers: Readonly<Record<string, TemplateText>>
  readonly auth: Auth | null
  readonly tls: Tls
  readonly connections: Connections
  readonly dns: Dns
  /** Null: none. */
  readonly proxy: HttpProxy | null
  /** Asks for compressed bodies. */
  readonly compression: boolean
  readonly grpc: {
    /** A gRPC endpoint beside the HTTP one of `url`; null: none. */
    readonly url: string | null
    readonly protos: readonly string[]
    /** What the proto files don't describe, the server is asked for before the load. */
    readonly reflection: boolean
    readonly metadata: Readonly<Record<string, TemplateText>>
  } | null
  /** Redirects that are followed at most; 0: a redirect is an answer. */
  readonly followRedirects: number
  readonly userAgent: string
  /** Bytes of a buffered body; bodies nobody looks at are discarded unbounded. */
  readonly maxBodyBytes: number
}

export interface Tls {
  /** Name of a PEM file among the test's (one of a secret too: secret-file.ts); null: the system's. */
  readonly caFile: string | null
  /** What the load shows to the target, and its key: files alike; null: nothing. One file may hold both. */
  readonly certFile: string | null
  readonly keyFile: string | null
  readonly insecureSkipVerify: boolean
  readonly serverName: string | null
  /** New connections resume a session. */
  readonly resume: boolean
}

export interface Connections {
  readonly share: 'pool' | 'user'
  /** Per worker, split over its threads; null: as many as the load needs. */
  readonly max: number | null
  readonly idleMs: number
  /** Null: unlimited. */
  readonly lifetimeMs: number | null
  /** Connections opened before the start, per worker. */
  readonly warm: number
}

export interface Dns {
  /** How old an answer of the resolver may become. */
  readonly refreshMs: number
  /** Null: addresses of both. */
  readonly family: 4 | 6 | null
  readonly pick: 'roundRobin' | 'first' | 'random'
  /** By host, in lower case: addresses, or names to resolve in its place. */
  readonly hosts: Readonly<Record<string, readonly string[]>>
  /** None of the language: an address has to lie in one network of each of these lists (core/plan/guard-rails.ts). */
  readonly networks?: readonly (readonly string[])[]
}

/** Spoken to by HTTP, whatever goes through it. */
export interface HttpProxy {
  readonly url: string
  readonly auth: { readonly user: Constant; readonly password: Constant } | null
}

export interface DataSource {
  readonly source:
    | { readonly kind: 'rows'; readonly rows: readonly Readonly<Record<string, Json>>[] }
    /** A heading and rows of text; or a list of maps, or a map on each line. */
    | { readonly kind: 'csv' | 'json'; readonly file: string }
  /** Known when the file has been read; of `rows`, of a CSV's heading, and the keys of the first rows of JSON. Null before that. */
  readonly columns: readonly string[] | null
  readonly pick: 'unique' | 'sequential' | 'random'
  readonly onEnd: 'stop' | 'recycle' | 'error'
}

export interface Scenario {
  readonly name: string
  /** Relative; 0 means: only where a phase names it. */
  readonly weight: number
  readonly onStart: readonly Step[]
  /** Between the steps; null: none. */
  readonly think: Think | null
  readonly steps: readonly Step[]
}

export type Think =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'range'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly p95Ms: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }

/** A tree: leaves do something, blocks hold steps. `use` is not in it: the steps of a flow stand where it is used. */
export type Step = LeafStep | BlockStep

export type LeafStep = RequestStep | ThinkStep

export type RequestStep = HttpStep | GrpcStep | StreamStep

export type BlockStep = GroupStep | RepeatStep | ForEachStep | IfStep | ChooseStep | PollStep

/** Fields that every measured step has. `path` is where it stands in the file, for messages: `scenarios[0].steps[2]`. */
interface MeasuredStep {
  readonly path: string
  /** Given, or method and path template. Steps of a scenario with one name share one series. */
  readonly name: string
  readonly captures: readonly Capture[]
  readonly checks: readonly Check[]
  readonly onError: 'stop' | 'continue'
  /** Null: the target's. */
  readonly timeoutMs: number | null
  /** A name of `targets`; null: the main one. */
  readonly target: string | null
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'

export interface HttpStep extends MeasuredStep {
  readonly kind: 'http'
  readonly method: HttpMethod
  /** Path template, relative to the target's URL; may carry a query of its own. */
  readonly url: TemplateText
  readonly query: Readonly<Record<string, TemplateText | number | boolean>>
  readonly headers: Readonly<Record<string, TemplateText>>
  readonly body: Body
  /** Null: as many as the target says. */
  readonly followRedirects: number | null
}

export type Body =
  | { readonly kind: 'none' }
  /** Strings in it are templates; a template that is the whole value keeps its type. */
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'form'; readonly fields: Readonly<Record<string, TemplateText | number | boolean>> }
  | { readonly kind: 'text'; readonly text: TemplateText }
  /** A file beside the LoadTest: its bytes, or its text with holes to fill. */
  | { readonly kind: 'file'; readonly file: string; readonly template: boolean; readonly type: string }
  | { readonly kind: 'multipart'; readonly parts: readonly MultipartPart[] }

/** A part of a multipart body, in the order of the file. */
export interface MultipartPart {
  readonly name: string
  /** Where it stands below `multipart`. */
  readonly place: readonly (string | number)[]
  /** Null: it is no file. */
  readonly filename: TemplateText | null
  readonly type: string | null
  readonly content:
    | { readonly kind: 'text'; readonly text: TemplateText }
    | { readonly kind: 'json'; readonly value: Json }
    | { readonly kind: 'file'; readonly file: string; readonly template: boolean }
}

export interface GrpcStep extends MeasuredStep {
  readonly kind: 'grpc'
  /** `package.Service/Method`. */
  readonly method: string
  /** In the order in which they are sent. Strings in them are templates. */
  readonly messages: readonly Json[]
  /** The key that they were written under; null: nothing was written, and an empty message stands here. */
  readonly messagesFrom: 'message' | 'messages' | null
  /** Pause between two messages that are sent. */
  readonly betweenMs: number
  /** The stream is ended by us after the first message for which all of them hold. Empty: the server ends it. */
  readonly until: readonly MessageCheck[]
  readonly metadata: Readonly<Record<string, TemplateText>>
}

/** What a step does with a WebSocket or with server-sent events, from the step that opens the stream to its close, or the iteration's end. */
export interface StreamStep extends MeasuredStep {
  readonly kind: 'ws' | 'sse'
  /** Its name; null: the only one of its kind that the scenario opens. */
  readonly stream: string | null
  readonly action: StreamAction
}

export type StreamAction =
  | {
      readonly kind: 'open'
      /** As those of an HTTP step. */
      readonly url: TemplateText
      readonly query: Readonly<Record<string, TemplateText | number | boolean>>
      readonly headers: Readonly<Record<string, TemplateText>>
      /** WebSocket alone. */
      readonly subprotocols: readonly string[]
    }
  /** Null: the step is done when the message is written. */
  | { readonly kind: 'send'; readonly message: StreamBody; readonly expected: Expected | null }
  | { readonly kind: 'expect'; readonly expected: Expected }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

export type StreamBody =
  | { readonly kind: 'text'; readonly text: TemplateText }
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'base64'; readonly base64: string }

/** Messages that a step waits for. */
export interface Expected {
  readonly count: number
  /** All must hold. The headers `event` and `id` are those of a server-sent event. */
  readonly conditions: readonly Extract<Check, { kind: 'header' | 'body' | 'json' }>[]
}

export interface ThinkStep {
  readonly kind: 'think'
  readonly path: string
  readonly think: Think
}

/** A stretch with a name; its duration is a series. */
export interface GroupStep {
  readonly kind: 'group'
  readonly path: string
  readonly name: string
  readonly steps: readonly Step[]
}

export interface RepeatStep {
  readonly kind: 'repeat'
  readonly path: string
  /** At least once. */
  readonly times: number
  /** Holds the number of the pass, from 0; null: nothing does. */
  readonly as: string | null
  readonly steps: readonly Step[]
}

export interface ForEachStep {
  readonly kind: 'forEach'
  readonly path: string
  /** A list whose strings are templates, or a template whose value is one. */
  readonly of: readonly Json[] | TemplateText
  readonly as: string
  readonly steps: readonly Step[]
}

export interface IfStep {
  readonly kind: 'if'
  readonly path: string
  readonly condition: Condition
  readonly then: readonly Step[]
  readonly else: readonly Step[]
}

export interface Condition {
  /** `tier`, `users.tier`, `setup.tenant` */
  readonly variable: string
  readonly matcher: Matcher
  readonly negated: boolean
}

export interface ChooseStep {
  readonly kind: 'choose'
  readonly path: string
  readonly options: readonly { readonly weight: number; readonly steps: readonly Step[] }[]
}

/** The request again and again until its answer is the wanted one; each time counts as a request of its own. */
export interface PollStep {
  readonly kind: 'poll'
  readonly path: string
  readonly step: RequestStep
  readonly until: readonly Check[]
  /** Between an answer and the next request. */
  readonly everyMs: number
  /** Requests at most; the last one fails (`check`) where its answer is not the wanted one. */
  readonly max: number
}

/** Into a name that later templates read. `otherwise`: taken where nothing is found, its strings are templates; without it the request fails. */
export type Capture = { readonly name: string; readonly otherwise?: Json } & CaptureSource

export type CaptureSource =
  | { readonly from: 'json'; readonly expression: string; readonly take?: Take }
  | { readonly from: 'header'; readonly header: string }
  /** `group`: null is the first one, or the whole match where there is none. */
  | { readonly from: 'regex'; readonly pattern: string; readonly group: number | null; readonly take?: Take }
  /** One that this answer sets. */
  | { readonly from: 'cookie'; readonly cookie: string }
  /** Of an element in HTML or XML. `attribute`: null is the text in it. */
  | {
      readonly from: 'css'
      readonly selector: string
      readonly attribute: string | null
      readonly take?: Take
    }
  | { readonly from: 'status' }

/** Which of several matches: by number, from the end where it is negative; or a list of all of them. None given: the first. */
export type Take = number | 'random' | 'all'

/** `matcher` texts: `=` is equality, `~` contains, `/…/` a regular expression (linear time), `< > <= >=` compare numbers. */
export type Matcher =
  /** Strings in it are templates. */
  | { readonly op: 'equals'; readonly value: Json; readonly ignoreCase?: true }
  | { readonly op: 'contains'; readonly text: TemplateText; readonly ignoreCase?: true }
  | { readonly op: 'matches'; readonly pattern: string; readonly ignoreCase?: true }
  | { readonly op: '<' | '<=' | '>' | '>='; readonly value: number }
  | { readonly op: 'exists'; readonly exists: boolean }
  | { readonly op: 'in'; readonly values: readonly Json[]; readonly ignoreCase?: true }
  | { readonly op: 'not'; readonly matcher: Exclude<Matcher, { readonly op: 'not' }> }

export type Check =
  /** Any of them is right; for gRPC the status code's number. A given status check decides alone whether the status was right. */
  | { readonly kind: 'status'; readonly anyOf: readonly StatusRange[] }
  | { readonly kind: 'json'; readonly expression: string; readonly matcher: Matcher }
  | { readonly kind: 'header'; readonly header: string; readonly matcher: Matcher }
  /** The value of a cookie that this answer sets. */
  | { readonly kind: 'cookie'; readonly cookie: string; readonly matcher: Matcher }
  /** The first group of the first match in the body, or the whole match where the pattern has no group. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly matcher: Matcher }
  /** The text or an attribute of the first element, or how many there are. */
  | {
      readonly kind: 'css'
      readonly selector: string
      readonly of: { readonly attribute: string } | 'text' | 'count'
      readonly matcher: Matcher
    }
  | { readonly kind: 'body'; readonly matcher: Matcher }
  /** Bytes of the body; of a gRPC call, of all messages received. */
  | { readonly kind: 'size'; readonly matcher: Matcher }
  /** Number of messages received. */
  | { readonly kind: 'messages'; readonly matcher: Matcher }
  /** Milliseconds of service time. */
  | { readonly kind: 'time'; readonly matcher: Matcher }

/** What can be told of one message of a stream. */
export type MessageCheck = Extract<Check, { kind: 'json' | 'messages' }>

export interface StatusRange {
  readonly from: number
  readonly to: number
}

export type Phase = OpenPhase | ClosedPhase

interface AnyPhase {
  readonly name: string
  /** False: neither metrics nor objectives see it. */
  readonly record: boolean
  /** Since the run's start; null: after the phase before it that has none either. */
  readonly atMs: number | null
  /** Weights by scenario that replace the scenarios' own; null: theirs. */
  readonly mix: Readonly<Record<string, number>> | null
}

export interface OpenPhase extends AnyPhase {
  readonly loop: 'open'
  readonly durationMs: number
  readonly arrivals: 'uniform' | 'poisson'
  readonly rate: RateShape
}

/** λ(t), iterations per second over milliseconds since the phase's start. */
export type RateShape =
  /**
   * Straight between the points; two points at one instant are a jump. First at 0, last at the phase's duration.
   * Constant, ramp, steps, spike and replay all come to this.
   */
  | {
      readonly kind: 'linear'
      readonly label: 'constant' | 'ramp' | 'steps' | 'spike' | 'replay'
      readonly points: readonly RatePoint[]
      /** A replay's CSV. Until `completeLoadTest` has read it, `points` is empty and the phase's duration 0. */
      readonly file?: string
    }
  /** mean + amplitude·sin(2πt/period) */
  | { readonly kind: 'sine'; readonly mean: number; readonly amplitude: number; readonly periodMs: number }

export interface RatePoint {
  readonly atMs: number
  readonly perSecond: number
}

export interface ClosedPhase extends AnyPhase {
  readonly loop: 'closed'
  /** With `iterations`: the most it may last. */
  readonly durationMs: number
  readonly users: { readonly from: number; readonly to: number /** 0: at once. */; readonly overMs: number }
  /** An iteration starts no earlier than this after the one before it; null: at once. */
  readonly paceMs: number | null
  /** The phase's total over all users, divided among them as evenly as can be; null: as many as the time allows. */
  readonly iterations: number | null
}

export interface Limits {
  /** Iterations in flight per worker; null: min(10,000, peak rate × (timeouts + think)). */
  readonly inFlight: number | null
  /** Fraction of a phase's plan that may be skipped as `in_flight`. */
  readonly backlog: number
  readonly drainMs: number
  /** Iterations per second; null: none. */
  readonly maxRate: number | null
}

export interface WorkersWish {
  /** Null: what the command says, else one. `auto`: as many as the peak rate needs. */
  readonly count: number | 'auto' | null
  /** Null: auto. */
  readonly threads: number | null
  readonly onLoss: 'reassign' | 'fail' | 'continue'
  /** Workers that come while the load is under way get a share of it. */
  readonly grow: boolean
  readonly waitMs: number
}

export interface Objective {
  /** The rule as written, its spaces made even. */
  readonly that: string
  readonly metric: Metric
  readonly selector: Selector
  readonly op: '<' | '<=' | '>' | '>='
  readonly limit: ObjectiveLimit
  /** Sliding window; null: the whole run. */
  readonly overMs: number | null
  readonly abort: boolean
  /** Since the run's start. */
  readonly afterMs: number
  /** False: `afterMs` is the language's default; it delays an abort, which then waits for samples too, and leaves nothing out. */
  readonly afterGiven: boolean
}

export type Metric =
  | {
      readonly kind: 'percentile' /** 50 … 99.9 */
      readonly p: number
      readonly of: 'response' | 'iteration' | 'ttfb'
    }
  | { readonly kind: 'mean' | 'max' | 'error_rate' | 'rate' | 'checks' }

/** Nothing given: everything recorded. `name` is a step or a group of `scenario`, or a group alone. */
export interface Selector {
  readonly ok: boolean
  readonly scenario: string | null
  readonly name: string | null
  readonly phase: string | null
}

export type ObjectiveLimit =
  | { readonly unit: 'ms'; readonly value: number }
  /** A fraction: 1% is 0.01. */
  | { readonly unit: 'ratio'; readonly value: number }
  /** A fraction of the planned arrivals. */
  | { readonly unit: 'of planned'; readonly value: number }
  | { readonly unit: '/s'; readonly value: number }
