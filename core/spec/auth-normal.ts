import type { Issue } from './issue.ts'
import type { Auth } from './load-test.ts'
import { under } from './path.ts'
import { type CredentialWish, constantCredential, normalCredential } from './reference-normal.ts'
import type { AuthWish } from './schema-auth.ts'

const usualRefreshMs = 60_000

/** Undefined where nothing can be made of it. */
export function normalAuth(wish: AuthWish, path: string, issues: Issue[]): Auth | undefined {
  const ways = Object.keys(wish).filter((way) => wish[way as keyof AuthWish] !== undefined)
  const [first, second] = ways
  if (first === undefined || second !== undefined) {
    issues.push({
      path,
      code: second === undefined ? 'missing' : 'conflict',
      message:
        second === undefined
          ? 'Nothing says how to authenticate.'
          : `Both \`${first}\` and \`${second}\` say how to authenticate.`,
      hint: 'Write one of `basic`, `bearer` and `oauth2`.',
    })
  }
  if (wish.basic !== undefined) {
    const { user, password } = wish.basic
    const at = under(path, ['basic'])
    checkUser(user, under(at, ['user']), issues)
    return {
      kind: 'basic',
      user: normalCredential(user, under(at, ['user']), issues),
      password: normalCredential(password, under(at, ['password']), issues),
    }
  }
  if (wish.bearer !== undefined) {
    return { kind: 'bearer', token: normalCredential(wish.bearer, under(path, ['bearer']), issues) }
  }
  return wish.oauth2 && normalOAuth2(wish.oauth2, under(path, ['oauth2']), issues)
}

function normalOAuth2(wish: NonNullable<AuthWish['oauth2']>, path: string, issues: Issue[]): Auth {
  checkTokenUrl(wish.tokenUrl, under(path, ['tokenUrl']), issues)
  return {
    kind: 'oauth2',
    tokenUrl: wish.tokenUrl,
    clientId: constantCredential(wish.clientId, under(path, ['clientId']), issues),
    clientSecret: constantCredential(wish.clientSecret, under(path, ['clientSecret']), issues),
    scope: wish.scope ?? null,
    audience: wish.audience ?? null,
    refreshBeforeMs: wish.refreshBefore ?? usualRefreshMs,
    sentIn: wish.auth ?? 'header',
  }
}

/** RFC 7617 §2: the first colon ends the user. */
function checkUser(user: CredentialWish, path: string, issues: Issue[]): void {
  if (typeof user !== 'string' || !user.replaceAll(/\$\{[^}]*\}/g, '').includes(':')) return
  issues.push({
    path,
    code: 'wrong-format',
    message: 'The user of basic authentication holds a colon, which would end it.',
    hint: 'Write what stands behind the colon as `password`.',
  })
}

function checkTokenUrl(url: string, path: string, issues: Issue[]): void {
  const wrong = (message: string, hint = 'Write it like https://auth.shop.test/oauth/token.') => {
    issues.push({ path, code: 'wrong-url', message, hint })
  }
  if (url.includes('${')) {
    wrong('The URL holds a template, and tokens are asked for before the run.')
    return
  }
  if (!URL.canParse(url)) {
    wrong('That is not a URL.')
    return
  }
  const { protocol, username, password, hash } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    wrong(`A token is asked for over HTTP, and the scheme is \`${protocol.slice(0, -1)}\`.`)
  } else if (username !== '' || password !== '') {
    wrong('The URL holds a user and a password.', 'Write them as `clientId` and `clientSecret`.')
  } else if (hash !== '') {
    wrong('The URL holds a fragment, which is never sent.', 'Leave out what stands behind the #.')
  }
}
