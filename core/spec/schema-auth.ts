import { z } from 'zod'
import { duration, field, map } from './schema-fields.ts'
import { credential } from './schema-reference.ts'

const basic = map({
  user: field(credential(), 'The user.', 'ada'),
  password: field(credential(), 'The password.', { secret: 'shop', key: 'password' }, { env: 'PASSWORD' }),
})

const oauth2 = map({
  tokenUrl: field(
    z.string().min(1).max(2000),
    'Where a token is asked for; `tls` of the target holds there too.',
    'https://auth.shop.test/oauth/token',
  ),
  clientId: field(credential(), 'Who asks.', 'load-test'),
  clientSecret: field(credential(), 'What proves it.', { secret: 'shop', key: 'client-secret' }),
  scope: field(z.string().min(1).max(2000).optional(), 'What the token is to allow.', 'orders:write'),
  audience: field(z.string().min(1).max(2000).optional(), 'Whom the token is for.', 'https://api.shop.test'),
  refreshBefore: field(
    duration().optional(),
    'How long before it expires a token is replaced; half its life at most.',
    '60s',
  ),
  auth: field(
    z.enum(['header', 'body']).optional(),
    'How id and secret are sent: as basic authorization, or in the body.',
    'header',
  ),
})

export const authSchema = map({
  basic: field(basic.optional(), 'A user and a password.', {
    user: 'ada',
    password: { secret: 'shop', key: 'password' },
  }),
  bearer: field(
    credential().optional(),
    'A token that is known before the run.',
    { secret: 'shop', key: 'token' },
    '${token}',
  ),
  oauth2: field(
    oauth2.optional(),
    'A token by client credentials: each worker asks for its own, and replaces it before it expires.',
    {
      tokenUrl: 'https://auth.shop.test/oauth/token',
      clientId: 'load-test',
      clientSecret: { secret: 'shop', key: 'client-secret' },
    },
  ),
})

export type AuthWish = z.output<typeof authSchema>
