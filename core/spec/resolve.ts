import { filesOf } from './complete.ts'
import type { Files } from './files.ts'
import { frozen } from './frozen.ts'
import type { Issue, Parsed } from './issue.ts'
import type { Auth, Constant, Credential, HttpProxy, LoadTest, Target, Variable } from './load-test.ts'
import { under } from './path.ts'
import { pemPlaces } from './pem.ts'
import { type Positions, placed } from './positions.ts'
import { type Reference, referenceText } from './reference.ts'
import { type PlacedReference, type ReferenceValues, unsetReferences, variableIn } from './references.ts'
import { secretOfFile } from './secret-file.ts'
import { targetPaths, targetsOf } from './targets.ts'
import { isLiteral, literalText, templateOf } from './template.ts'
import { isUtf8 } from './utf8.ts'

/** A test that may leave the submitting command, and the values in it that nobody may read in results. */
export interface ResolvedTest {
  readonly test: LoadTest
  /** What was handed in, and what lies in secrets besides. */
  readonly files: Files
  readonly secrets: readonly string[]
  /** References without a value; empty texts stand in for them. None where they are refused. */
  readonly unset: readonly Issue[]
}

export interface ResolveOptions {
  readonly positions?: Positions
  /** `allow`: for who looks at a test and doesn't run it. */
  readonly unset?: 'refuse' | 'allow'
}

/**
 * Replaces every reference by its value, each of which counts as a secret; so does what a target's `auth` spells out. An empty one is a value; one that
 * is not set is an issue (`unset-variable`, `unset-secret`), and so is a secret that is not text where text is needed (`not-text`).
 */
export function resolveReferences(
  test: LoadTest,
  values: ReferenceValues,
  files: Files,
  { positions, unset = 'refuse' }: ResolveOptions = {},
): Parsed<ResolvedTest> {
  const named = referencesOf(test)
  const missing = unsetReferences(named, values)
  const issues = [...(unset === 'refuse' ? missing : []), ...notText(named, values)]
  if (issues.length > 0) return { ok: false, issues: placed(issues, positions) }
  const resolver = new Resolver(values)
  const resolved: LoadTest = {
    ...test,
    target: resolver.target(test.target),
    targets: mapped(test.targets, (target) => resolver.target(target)),
    variables: mapped(test.variables, (variable) => resolver.variable(variable)),
  }
  const withSecrets = { ...files, ...secretFiles(test, values) }
  for (const { tls } of targetsOf(test)) if (tls.keyFile !== null) resolver.keep(withSecrets[tls.keyFile])
  return {
    ok: true,
    value: {
      test: frozen(resolved),
      files: withSecrets,
      secrets: [...resolver.secrets],
      unset: placed(missing, positions),
    },
  }
}

/** What a test names in secrets where it needs files. */
export function secretFiles(test: LoadTest, { secret }: ReferenceValues): Files {
  return Object.fromEntries(
    filesOf(test).flatMap((file) => {
      const reference = secretOfFile(file)
      const bytes = reference && secret(reference.secret, reference.key)
      return bytes ? [[file, bytes] as const] : []
    }),
  )
}

class Resolver {
  readonly secrets = new Set<string>()
  readonly #values: ReferenceValues

  constructor(values: ReferenceValues) {
    this.#values = values
  }

  variable(variable: Variable): Variable {
    return variable.kind === 'value' ? variable : { kind: 'value', value: this.#read(variable) }
  }

  target(target: Target): Target {
    const { auth, proxy } = target
    return { ...target, auth: auth && this.#auth(auth), proxy: proxy && this.#proxy(proxy) }
  }

  /** A private key is a secret wherever it lies. */
  keep(pem: Uint8Array | undefined): void {
    const [key] = /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END/s.exec(new TextDecoder().decode(pem)) ?? []
    if (key !== undefined) this.secrets.add(key)
  }

  #proxy({ url, auth }: HttpProxy): HttpProxy {
    return {
      url,
      auth: auth && { user: this.#constant(auth.user), password: this.#constantSecret(auth.password) },
    }
  }

  #auth(auth: Auth): Auth {
    switch (auth.kind) {
      case 'basic':
        return { ...auth, user: this.#credential(auth.user), password: this.#secret(auth.password) }
      case 'bearer':
        return { ...auth, token: this.#secret(auth.token) }
      case 'oauth2':
        return {
          ...auth,
          clientId: this.#constant(auth.clientId),
          clientSecret: this.#constantSecret(auth.clientSecret),
        }
      default:
        return auth satisfies never
    }
  }

  /** Also where the file spells it out. */
  #secret(credential: Credential): Credential {
    if (credential.kind !== 'template') return this.#constantSecret(credential)
    const template = templateOf(credential.text)
    if (isLiteral(template)) this.#hide(literalText(template))
    return credential
  }

  #constantSecret(constant: Constant): Constant {
    const resolved = this.#constant(constant)
    if (resolved.kind === 'value') this.#hide(resolved.value)
    return resolved
  }

  #credential(credential: Credential): Credential {
    return credential.kind === 'template' ? credential : this.#constant(credential)
  }

  #constant(constant: Constant): Constant {
    return constant.kind === 'value' ? constant : { kind: 'value', value: this.#read(constant) }
  }

  #read(reference: Reference): string {
    const value = textOf(reference, this.#values) ?? ''
    this.#hide(value)
    return value
  }

  #hide(value: string): void {
    if (value !== '') this.secrets.add(value)
  }
}

function referencesOf(test: LoadTest): readonly PlacedReference[] {
  const paths = targetPaths(test)
  return [
    ...targetsOf(test).flatMap((target, number) => [
      ...tlsReferences(target, paths[number] ?? ''),
      ...authReferences(target.auth, under(paths[number] ?? '', ['auth'])),
      ...proxyReferences(target.proxy, under(paths[number] ?? '', ['proxy', 'auth'])),
    ]),
    ...Object.entries(test.variables).flatMap(([name, variable]) =>
      placedAt(variable, under('variables', [name])),
    ),
  ]
}

function tlsReferences({ tls }: Target, path: string): readonly PlacedReference[] {
  return pemPlaces(tls, path).flatMap(({ name, path: place }) => {
    const reference = secretOfFile(name)
    return reference === null ? [] : [{ reference, path: place }]
  })
}

function authReferences(auth: Auth | null, path: string): readonly PlacedReference[] {
  if (auth === null) return []
  switch (auth.kind) {
    case 'basic':
      return [
        ...placedAt(auth.user, under(path, ['basic', 'user'])),
        ...placedAt(auth.password, under(path, ['basic', 'password'])),
      ]
    case 'bearer':
      return placedAt(auth.token, under(path, ['bearer']))
    case 'oauth2':
      return [
        ...placedAt(auth.clientId, under(path, ['oauth2', 'clientId'])),
        ...placedAt(auth.clientSecret, under(path, ['oauth2', 'clientSecret'])),
      ]
    default:
      return auth satisfies never
  }
}

function proxyReferences(proxy: HttpProxy | null, path: string): readonly PlacedReference[] {
  return proxy?.auth
    ? [
        ...placedAt(proxy.auth.user, under(path, ['user'])),
        ...placedAt(proxy.auth.password, under(path, ['password'])),
      ]
    : []
}

function placedAt(value: Variable | Credential, path: string): readonly PlacedReference[] {
  if (value.kind === 'value' || value.kind === 'template') return []
  return [{ reference: value, path: under(path, [value.kind]) }]
}

function notText(named: readonly PlacedReference[], { secret }: ReferenceValues): readonly Issue[] {
  return named.flatMap(({ reference, path }): readonly Issue[] => {
    if (reference.kind === 'env') return []
    const bytes = secret(reference.secret, reference.key)
    if (bytes === undefined || isUtf8(bytes)) return []
    return [
      {
        path,
        code: 'not-text',
        message: `What lies in ${referenceText(reference)} is not UTF-8 text.`,
        hint: 'Name a key that holds text.',
      },
    ]
  })
}

/** Without the line break that editors and `echo` put behind the last line. */
function textOf(reference: Reference, { environment, secret }: ReferenceValues): string | undefined {
  if (reference.kind === 'env') return variableIn(environment, reference.name)
  const bytes = secret(reference.secret, reference.key)
  return bytes && new TextDecoder().decode(bytes).replace(/\r?\n$/, '')
}

function mapped<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
