import { CommanderError } from 'commander'
import { BreakwaterError, errorCatalogue, exitCodes } from '../core/error.ts'
import type { Issue } from '../core/spec/issue.ts'

/** What a command that did not do its work leaves behind. */
export interface Failure {
  readonly exitCode: number
  /** For standard error; '' where everything has been said. */
  readonly text: string
  /** For standard output under `--json`. */
  readonly document: { readonly error: FailureDocument } | null
}

export interface FailureDocument {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly file?: string
  readonly issues?: readonly Issue[]
}

/** `debug`: a defect shows where it happened. */
export function describeFailure(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) return describeUsage(error)
  if (error instanceof BreakwaterError) return describeError(error)
  return describeDefect(error, debug)
}

function describeError(error: BreakwaterError): Failure {
  const { code, message, hint = null } = error
  // Nobody but the person at this terminal stops a run of this command before its start.
  const exit = code === 'stopped' ? exitCodes.interrupted : errorCatalogue[code].exit
  if (isSpecError(error)) {
    const { file, issues } = error
    const head = `${issues.length === 1 ? 'an issue' : `${issues.length} issues`} in ${file}`
    return { exitCode: exit, text: message, document: { error: { code, message: head, hint, file, issues } } }
  }
  return { exitCode: exit, text: paragraph(message, hint), document: { error: { code, message, hint } } }
}

/** By its shape: loading the class would load the whole language, for every mistyped flag. */
function isSpecError(
  error: BreakwaterError,
): error is BreakwaterError & { readonly file: string; readonly issues: readonly Issue[] } {
  return error.code === 'invalid-spec' && 'issues' in error
}

/** `error: unknown option '--rat'\n(Did you mean --rate?)` */
function describeUsage(error: CommanderError): Failure {
  if (error.exitCode === 0) return { exitCode: exitCodes.pass, text: '', document: null }
  // Help that was shown for want of a command.
  if (error.code === 'commander.help') return { exitCode: exitCodes.usage, text: '', document: null }
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n', 2)
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'See: breakwater --help'
  return {
    exitCode: exitCodes.usage,
    text: paragraph(message, hint),
    document: { error: { code: 'usage', message, hint } },
  }
}

function describeDefect(error: unknown, debug: boolean): Failure {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const hint = debug
    ? 'Please report it with what stands below.'
    : 'Please report it, with what the same command says under BREAKWATER_DEBUG=1.'
  const stack = debug && error instanceof Error ? `\n\n${error.stack ?? ''}` : ''
  return {
    exitCode: exitCodes.defect,
    text: `${paragraph(`this is a defect in breakwater itself: ${message}`, hint)}${stack}`,
    document: { error: { code: 'defect', message, hint } },
  }
}

/**
 *     error: no connection to NATS at nats://127.0.0.1:4222
 *       Start a NATS server there, or name another one with --nats.
 */
function paragraph(message: string, hint: string | null): string {
  return hint === null ? `error: ${message}` : `error: ${message}\n  ${hint}`
}
