import type { z } from 'zod'
import type { Issue } from './issue.ts'
import { under } from './path.ts'
import type { Reference } from './references.ts'
import type { envSchema, secretSchema } from './schema-reference.ts'

export type ReferenceWish = z.output<typeof envSchema> | z.output<typeof secretSchema>

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
