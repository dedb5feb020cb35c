import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { type DraftField, guess } from '../draft.ts'
import { isHeaderName } from '../header-name.ts'
import type { Auth } from './collection.ts'
import type { Variables } from './variables.ts'

/** What a request carries to be let in, or what the target says for all of them. */
export interface Authorization {
  readonly headers: readonly DraftField[]
  readonly query: readonly DraftField[]
  /** For `target.auth`, which has room for one. */
  readonly target: DraftField | null
  readonly notes: readonly string[]
}

const nothing: Authorization = { headers: [], query: [], target: null, notes: [] }

export function authorizationOf(auth: Auth | null, variables: Variables): Authorization {
  if (auth === null) return nothing
  const text = (key: string) => {
    const value = auth.values.get(key)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const bearer = (key: string): Authorization => ({
    ...nothing,
    headers: [{ key: 'authorization', value: `Bearer ${credential(text(key), 'token', variables)}` }],
  })
  switch (auth.type) {
    case 'bearer':
      return bearer('token')
    case 'basic': {
      const user = publicValue(text('username'), 'API_USER', variables)
      return {
        ...nothing,
        target: { key: 'auth', value: { basic: { user, password: { env: 'API_PASSWORD' } } } },
      }
    }
    case 'apikey':
      return apiKey(text('key'), text('value'), text('in'), variables)
    case 'oauth2': {
      const tokens = tokenSource(text, variables)
      return tokens === undefined ? bearer('accessToken') : { ...nothing, target: tokens }
    }
    default:
      return {
        ...nothing,
        notes: [guess(`the authorization of Postman's kind ${auth.type.slice(0, 40)} was left out`)],
      }
  }
}

function apiKey(key: string, value: string, place: string, variables: Variables): Authorization {
  const name = key === '' ? 'x-api-key' : key
  if (place === 'query') {
    return forbiddenKeys.has(name)
      ? nothing
      : { ...nothing, query: [{ key: name, value: credential(value, name, variables) }] }
  }
  return isHeaderName(name)
    ? { ...nothing, headers: [{ key: name.toLowerCase(), value: credential(value, name, variables) }] }
    : nothing
}

/** Client credentials are the one grant that needs nobody at a keyboard. */
function tokenSource(text: (key: string) => string, variables: Variables): DraftField | undefined {
  const tokenUrl = variables.constant(text('accessTokenUrl'))
  const url = URL.parse(tokenUrl)
  if (text('grant_type') !== 'client_credentials' || url === null || !/^https?:$/.test(url.protocol))
    return undefined
  if (url.username !== '' || url.hash !== '' || tokenUrl.includes('${') || tokenUrl.length > 2000)
    return undefined
  const scope = variables.constant(text('scope')).slice(0, 2000)
  const value: Json = {
    tokenUrl,
    clientId: publicValue(text('clientId'), 'CLIENT_ID', variables),
    clientSecret: { env: 'CLIENT_SECRET' },
    ...(scope === '' || scope.includes('${') ? {} : { scope }),
    ...(text('client_authentication') === 'body' ? { auth: 'body' } : {}),
  }
  return { key: 'auth', value: { oauth2: value } }
}

/** What stands there in clear is withheld. */
function credential(text: string, name: string, variables: Variables): string {
  if (text === '') return variables.template(`{{${name}}}`)
  return text.includes('{{') ? variables.template(text) : variables.secret(text, name)
}

/** Known before the run, and by everybody; else from the environment. */
function publicValue(text: string, env: string, variables: Variables): Json {
  const constant = variables.constant(text)
  const isKnown = constant !== '' && constant.length <= 200 && !/\{\{|\$\{|[:\r\n\0]/.test(constant)
  return isKnown ? constant : { env }
}
