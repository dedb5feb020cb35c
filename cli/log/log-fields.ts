import type { LogEvent, LogLevel } from '../../core/telemetry/log-event.ts'

/** Plain JSON beside the text of a line. */
export type LogFields = Readonly<Record<string, unknown>>

export type LogSink = (level: LogLevel, text: string, event: LogEvent, fields: LogFields) => void

/** The same with every text in it redacted, however deep. */
export function redactedFields(fields: LogFields, redact: (text: string) => string): LogFields {
  return redacted(fields, redact) as LogFields
}

function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, redact)]))
}
