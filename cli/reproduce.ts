import { createRedactor } from '../core/scenario/redact.ts'
import { readAssignment } from '../core/spec/set-path.ts'
import type { RunFlags } from './run-flags.ts'
import { isSecret } from './spec-changes.ts'

const redactor = createRedactor([])

/** Command lines that run the same again; with the seed that it had. Credentials in headers and in a NATS URL stay out. */
export function reproduceLines(source: string, flags: RunFlags, seed: number): readonly string[] {
  const values: readonly (readonly [string, string | number | undefined])[] = [
    ...(flags.overlay ?? []).map((file) => ['-f', file] as const),
    ...(flags.set ?? []).map((text) => ['--set', safe(text)] as const),
    ['--secrets', flags.secrets],
    ['--workers', flags.workers],
    ['--threads', flags.threads],
    ['--rate', flags.rate],
    ['--users', flags.users],
    ['--duration', flags.duration],
    ...(flags.header ?? []).map((header) => ['--header', redactor.text(header)] as const),
    ...(flags.objective ?? []).map((rule) => ['--objective', rule] as const),
    ['--name', flags.name],
    ...Object.entries(flags.label ?? {}).map(([key, value]) => ['--label', `${key}=${value}`] as const),
    ['--pace', flags.pace === 'timer' ? undefined : flags.pace],
    ['--engine', flags.engine === 'auto' ? undefined : flags.engine],
    ['--seed', seed],
  ]
  const words = values.flatMap(([flag, value]) => (value === undefined ? [] : [flag, quoted(String(value))]))
  const nats = flags.nats === undefined ? [] : ['--nats', '"$BREAKWATER_NATS_URL"']
  return [
    ['breakwater run', quoted(source), ...words, ...nats, ...(flags.strict ? ['--strict'] : [])].join(' '),
  ]
}

/** Where it goes by its name to what nobody should see, without its value. */
function safe(setting: string): string {
  const assignment = readAssignment(setting)
  return assignment.ok && isSecret(assignment.path) ? `${assignment.pathText}=***` : redactor.text(setting)
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
