import { pino, stdTimeFunctions } from 'pino'
import type { LogSink } from './log-fields.ts'

/**
 * One JSON document a line: `level`, `time` (RFC 3339, UTC), `pid`, `event`, `msg` and whatever fields there are. Levels are filtered, and secrets taken
 * out, before it is asked.
 */
export function createJsonLog(stderr: { write(text: string): unknown }): LogSink {
  const log = pino(
    {
      level: 'debug',
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => void stderr.write(line) },
  )
  return (level, text, event, fields) => log[level]({ ...fields, event }, text)
}
