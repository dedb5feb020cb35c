import { styleText } from 'node:util'
import { printableLines } from '../core/report/printable.ts'
import { type LogEvent, type LogLevel, logLevels } from '../core/telemetry/log-event.ts'
import type { CliConfig } from './config.ts'
import { type LogFields, type LogSink, redactedFields } from './log/log-fields.ts'

/** Where a command writes: the answer to standard output, what happens meanwhile to standard error. */
export interface Console {
  readonly config: CliConfig
  /** `--json`: standard output carries one document and nothing else. */
  readonly json: boolean
  /** The command's answer, once. */
  answer(answer: Answer): void
  /** What is known of the answer already, for people; nothing under `--json`. */
  print(text: string): void
  /** A line on standard error; one that begins with `warning:` is one. */
  note(text: string): void
  /** The same by a stable name, with what a machine wants to know besides: that is left out where people read. */
  log(level: LogLevel, text: string, event: LogEvent, fields?: LogFields): void
  /** What stands on every line for machines from now on; and before every one for people but the last, of a command that failed. */
  about(context: () => LogFields, prefix?: () => string): void
  /** Standard error is for machines: JSON, a line each. */
  readonly logsJson: boolean
  readonly logLevel: LogLevel
  /** From now on, `safe` takes out what this does: the secrets of the test at hand. */
  hide(redact: (text: string) => string): void
  /** What may be said of errors and events, in which a value could have got caught. */
  safe(text: string): string
  /** Standard error, where it is a terminal that can be drawn on. */
  readonly screen: NodeJS.WriteStream | null
  /** Of standard output. */
  readonly columns: number
  readonly colour: boolean
  /** How standard output and standard error show what matters. */
  readonly paint: Paint
  readonly notePaint: Paint
}

export interface Answer {
  /** For people; without the last line break. */
  readonly text: () => string
  /** For `--json`. */
  readonly document: () => unknown
}

/** Plain text comes back as it is where there is no colour. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  doubtful(text: string): string
  strong(text: string): string
  faint(text: string): string
}

export interface LogOptions {
  /** Null: text. */
  readonly sink: LogSink | null
  /** The least that is told. */
  readonly level: LogLevel
}

const textLog: LogOptions = { sink: null, level: 'info' }

/** Where nobody says how wide a line may be. */
const usualColumns = 100

export const noPaint: Paint = {
  good: same,
  bad: same,
  doubtful: same,
  strong: same,
  faint: same,
}

export interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** `log`: how standard error is written to. */
export function createConsole(
  { stdout, stderr }: Streams,
  config: CliConfig,
  json: boolean,
  log: LogOptions = textLog,
): Console {
  let redact = same
  let context: () => LogFields = () => ({})
  let prefix = () => ''
  const write = (level: LogLevel, text: string, event: LogEvent, fields: LogFields): void => {
    if (logLevels.indexOf(level) < logLevels.indexOf(log.level)) return
    if (log.sink === null) {
      const line = level === 'warn' ? `warning: ${text}` : text
      const whole = level === 'error' ? line : `${prefix()}${line}`
      stderr.write(`${printableLines(redact(whole)).trimEnd()}\n`)
    } else log.sink(level, redact(text), event, redactedFields({ ...context(), ...fields }, redact))
  }
  return {
    config,
    json,
    answer({ text, document }) {
      stdout.write(json ? `${JSON.stringify(document(), null, 2)}\n` : `${text().trimEnd()}\n`)
    },
    print(text) {
      if (!json) stdout.write(`${text}\n`)
    },
    note(text) {
      const warning = /^warning: /.exec(text)
      if (warning === null) write('info', text, 'note', {})
      else write('warn', text.slice(warning[0].length), 'note', {})
    },
    log: (level, text, event, fields = {}) => write(level, text, event, fields),
    about(told, before = () => '') {
      context = told
      prefix = before
    },
    logsJson: log.sink !== null,
    logLevel: log.level,
    hide(further) {
      redact = further
    },
    safe: (text) => redact(text),
    screen: log.sink === null && stderr.isTTY && config.variables.TERM !== 'dumb' ? stderr : null,
    columns: stdout.columns ?? config.columns ?? usualColumns,
    colour: isColoured(stdout, config),
    paint: paintFor(stdout, config),
    notePaint: paintFor(stderr, config),
  }
}

function isColoured(stream: NodeJS.WriteStream, { noColor }: CliConfig): boolean {
  return stream.isTTY && !noColor
}

function paintFor(stream: NodeJS.WriteStream, config: CliConfig): Paint {
  if (!isColoured(stream, config)) return noPaint
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(format, text, { validateStream: false })
  return {
    good: style('green'),
    bad: style('red'),
    doubtful: style('yellow'),
    strong: style('bold'),
    faint: style('dim'),
  }
}

function same(text: string): string {
  return text
}
