import type { z } from 'zod'
import { checkFile } from './file-path.ts'
import type { Issue } from './issue.ts'
import type { Constant, Credential } from './load-test.ts'
import { under } from './path.ts'
import type { Reference } from './reference.ts'
import type { credential, envSchema, secretSchema } from './schema-reference.ts'
import { secretFile } from './secret-file.ts'
import { isLiteral, literalText, parseTemplate } from './template.ts'

export type CredentialWish = z.output<ReturnType<typeof credential>>
export type ReferenceWish = z.output<typeof envSchema> | z.output<typeof secretSchema>

/** Where a PEM lies: beside the LoadTest, or in a secret. Null: it is not given. */
export function pemFile(
  wish: { readonly file: string } | z.output<typeof secretSchema> | undefined,
  path: string,
  issues: Issue[],
): string | null {
  if (wish === undefined) return null
  if ('secret' in wish) return secretFile({ kind: 'secret', ...wish })
  checkFile(wish.file, under(path, ['file']), issues)
  return wish.file
}

export function normalReference(wish: ReferenceWish, path: string, issues: Issue[]): Reference {
  if (!('env' in wish)) return { kind: 'secret', secret: wish.secret, key: wish.key }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(wish.env)) {
    issues.push({
      path: under(path, ['env']),
      code: 'wrong-format',
      message: `${JSON.stringify(wish.env.slice(0, 60))} cannot be the name of an environment variable.`,
      hint: 'Write letters, digits and _: API_TOKEN.',
    })
  }
  return { kind: 'env', name: wish.env }
}

export function normalCredential(wish: CredentialWish, path: string, issues: Issue[]): Credential {
  return typeof wish === 'string' ? { kind: 'template', text: wish } : normalReference(wish, path, issues)
}

/** Of what belongs to no user: there is nothing that a template could be filled from. */
export function constantCredential(wish: CredentialWish, path: string, issues: Issue[]): Constant {
  if (typeof wish !== 'string') return normalReference(wish, path, issues)
  const parsed = parseTemplate(wish, path)
  if (parsed.ok && isLiteral(parsed.value)) return { kind: 'value', value: literalText(parsed.value) }
  issues.push({
    path,
    code: 'template-in-constant',
    message: 'This is one value for all users, and no template can stand here.',
    hint: 'Refer to the value itself: { env: NAME } or { secret: shop, key: password }.',
  })
  return { kind: 'value', value: '' }
}
