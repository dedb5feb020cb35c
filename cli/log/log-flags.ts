import { type Command, Option } from 'commander'
import { BreakwaterError } from '../../core/error.ts'
import { type LogLevel, logLevels } from '../../core/telemetry/log-event.ts'
import type { CliConfig } from '../config.ts'

const formats = ['text', 'json'] as const

/** How standard error is written to, as the command line has it; the flags are read before any command. */
export function withLogFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--log-format <format>', 'of standard error (BREAKWATER_LOG_FORMAT; default: text)').choices(
        formats,
      ),
    )
    .addOption(
      new Option(
        '--log-level <level>',
        'the least that is told (BREAKWATER_LOG_LEVEL; default: info)',
      ).choices(logLevels),
    )
}

export interface LogWish {
  readonly json: boolean
  readonly level: LogLevel
}

/**
 * Flags win. What a flag says that it cannot is told when the command is read.
 * @throws BreakwaterError `usage` for such a variable
 */
export function readLogWish(args: readonly string[], { logFormat, logLevel }: CliConfig): LogWish {
  const format = flagOf(args, '--log-format') ?? oneOf(formats, 'BREAKWATER_LOG_FORMAT', logFormat) ?? 'text'
  const level = flagOf(args, '--log-level') ?? oneOf(logLevels, 'BREAKWATER_LOG_LEVEL', logLevel)
  return { json: format === 'json', level: logLevels.find((known) => known === level) ?? 'info' }
}

function flagOf(args: readonly string[], name: string): string | undefined {
  const at = args.findLastIndex((word) => word === name || word.startsWith(`${name}=`))
  const word = args[at]
  if (word === undefined) return undefined
  return word === name ? args[at + 1] : word.slice(name.length + 1)
}

function oneOf(known: readonly string[], variable: string, text: string | null): string | undefined {
  if (text === null || known.includes(text)) return text ?? undefined
  throw new BreakwaterError('usage', `${variable}=${text} cannot be read`, {
    hint: `Write one of ${known.join(', ')}.`,
  })
}
