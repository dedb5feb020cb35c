import type { Issue } from './issue.ts'
import { nearest } from './nearest.ts'
import { entries, member } from './outside.ts'
import { under } from './path.ts'
import { type Reference, type SecretReference, secretVariable } from './reference.ts'
import { tlsKeyName } from './secret-file.ts'

/** A reference and where it stands. */
export interface PlacedReference {
  readonly reference: Reference
  readonly path: string
}

/** A key of a secret; undefined: it is not set. Whoever hands it in has read `namedReferences` before. */
export type SecretLookup = (secret: string, key: string) => Uint8Array | undefined

/** What values outside the file are taken from. */
export interface ReferenceValues {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly secret: SecretLookup
}

/** Keys of `tls` that may lie in a secret. */
const tlsParts = ['ca', 'cert', 'key'] as const

/** References of an input, whatever else is wrong with it, in the order of the language. */
export function namedReferences(input: unknown): readonly PlacedReference[] {
  const spec = member(input, 'spec')
  const targets: readonly (readonly [string, unknown])[] = [
    ['target', member(spec, 'target')],
    ...entries(member(spec, 'targets')).map(([name, target]) => [under('targets', [name]), target] as const),
  ]
  return [
    ...targets.flatMap(([path, target]) => targetReferences(target, path)),
    ...entries(member(spec, 'variables')).flatMap(([name, value]) =>
      referencesAt(value, under('variables', [name])),
    ),
  ]
}

function targetReferences(target: unknown, path: string): readonly PlacedReference[] {
  const auth = member(target, 'auth')
  const tls = member(target, 'tls')
  const at = (...keys: string[]) => {
    const value = keys.reduce<unknown>(member, auth)
    return referencesAt(value, under(path, ['auth', ...keys]))
  }
  const parts = tlsParts.flatMap((key) => referencesAt(member(tls, key), under(path, ['tls', key])))
  const cert = parts.find((part) => part.path.startsWith(under(path, ['tls', 'cert'])))
  const impliesKey = cert?.reference.kind === 'secret' && member(tls, 'key') === undefined
  return [
    ...parts,
    ...(impliesKey
      ? [{ reference: { ...cert.reference, key: tlsKeyName }, path: under(path, ['tls', 'key', 'secret']) }]
      : []),
    ...at('basic', 'user'),
    ...at('basic', 'password'),
    ...at('bearer'),
    ...at('oauth2', 'clientId'),
    ...at('oauth2', 'clientSecret'),
    ...(['user', 'password'] as const).flatMap((key) =>
      referencesAt(member(member(member(target, 'proxy'), 'auth'), key), under(path, ['proxy', 'auth', key])),
    ),
  ]
}

function referencesAt(value: unknown, path: string): readonly PlacedReference[] {
  const env = member(value, 'env')
  if (typeof env === 'string') return [{ reference: { kind: 'env', name: env }, path: under(path, ['env']) }]
  const secret = member(value, 'secret')
  const key = member(value, 'key')
  if (typeof secret !== 'string' || typeof key !== 'string') return []
  return [{ reference: { kind: 'secret', secret, key }, path: under(path, ['secret']) }]
}

/** Codes: `unset-variable`, `unset-secret`. */
export function unsetReferences(
  named: readonly PlacedReference[],
  { environment, secret }: ReferenceValues,
): readonly Issue[] {
  return named.flatMap(({ reference, path }): readonly Issue[] => {
    if (reference.kind === 'secret') {
      return secret(reference.secret, reference.key) === undefined ? [unsetSecret(reference, path)] : []
    }
    return variableIn(environment, reference.name) === undefined
      ? [unsetVariable(reference.name, environment, path)]
      : []
  })
}

/** Undefined for what an object has by itself, such as toString. */
export function variableIn(environment: ReferenceValues['environment'], name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined
}

function unsetVariable(name: string, environment: ReferenceValues['environment'], path: string): Issue {
  const near = nearest(name, Object.keys(environment))
  return {
    path,
    code: 'unset-variable',
    message: `The environment variable ${name} is not set.`,
    hint: near === undefined ? `Set it: export ${name}=….` : `Set it, or did you mean ${near}?`,
  }
}

function unsetSecret({ secret, key }: SecretReference, path: string): Issue {
  return {
    path,
    code: 'unset-secret',
    message: `The secret ${secret}/${key} is not set.`,
    hint: `Put its value into the file ${secret}/${key} of the folder that --secrets DIR or BREAKWATER_SECRETS names, or export ${secretVariable(secret, key)}=….`,
  }
}
