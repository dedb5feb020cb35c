import type { Json } from '../../core/spec/load-test.ts'

/** An exchange of a recording, as short as a test can say it. */
export interface Recorded {
  readonly method?: string
  /** A path of https://shop.test, or a URL. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** A text, or what becomes JSON. */
  readonly body?: Json
  /** Of the body; of JSON where it is none. */
  readonly type?: string
  readonly params?: Readonly<Record<string, string>>
  readonly status?: number
  readonly answerHeaders?: readonly (readonly [string, string])[]
  readonly answer?: Json
  readonly answerType?: string
  /** Seconds since the recording's start. */
  readonly at?: number
  /** Milliseconds it took. */
  readonly took?: number
  /** More fields of the entry, such as `_resourceType`. */
  readonly more?: Readonly<Record<string, Json>>
}

const start = Date.UTC(2026, 0, 1)

/** A HAR 1.2 document of these exchanges, a second apart, as text. */
export function harText(exchanges: readonly Recorded[]): string {
  return JSON.stringify({
    log: { version: '1.2', creator: { name: 'test', version: '1' }, entries: exchanges.map(entryOf) },
  })
}

function entryOf(recorded: Recorded, index: number): Json {
  const {
    method = 'GET',
    url,
    headers = {},
    body,
    params,
    status = 200,
    answerHeaders = [],
    answer,
  } = recorded
  const type = recorded.type ?? (typeof body === 'string' ? 'text/plain' : 'application/json')
  const hasBody = body !== undefined || params !== undefined
  const answerType = recorded.answerType ?? (typeof answer === 'string' ? 'text/html' : 'application/json')
  const given = Object.entries(headers)
  return {
    startedDateTime: new Date(start + 1000 * (recorded.at ?? index)).toISOString(),
    time: recorded.took ?? 20,
    request: {
      method,
      url: url.startsWith('/') ? `https://shop.test${url}` : url,
      headers: [...given, ...(hasBody ? [['Content-Type', type] as const] : [])].map(header),
      ...(hasBody && {
        postData: {
          mimeType: type,
          text: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
          params: Object.entries(params ?? {}).map(header),
        },
      }),
    },
    response: {
      status,
      headers: answerHeaders.map(header),
      content: {
        mimeType: answerType,
        ...(answer !== undefined && { text: typeof answer === 'string' ? answer : JSON.stringify(answer) }),
      },
    },
    ...recorded.more,
  }
}

function header([name, value]: readonly [string, string]): Json {
  return { name, value }
}
