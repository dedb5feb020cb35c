import { createWriteStream } from 'node:fs'
import type { Exchange } from './exchange.ts'

/** A line of the log. What varies between two runs of one seed, ids of visitors and instants, is not in it. */
export interface AccessLogLine {
  readonly host: 'http' | 'media' | 'grpc'
  readonly tenant: string | null
  /** `ada.2`: the second visit of ada; of a call the user it names; null: nobody is known. */
  readonly visit: string | null
  readonly method: string
  readonly url: string
  readonly status: number
}

/** One JSON object a line, in the order in which answers ended. */
export interface AccessLog {
  write(line: AccessLogLine): void
  close(): Promise<void>
}

export function createAccessLog(file: string): AccessLog {
  const stream = createWriteStream(file)
  return {
    write(line) {
      stream.write(`${JSON.stringify(line)}\n`)
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  }
}

export function lineOf(host: 'http' | 'media', { session, request, response }: Exchange): AccessLogLine {
  return {
    host,
    tenant: session?.tenant ?? null,
    visit: session?.visit ?? null,
    method: request.method ?? '',
    url: request.url ?? '',
    status: response.statusCode,
  }
}
