import type { Files } from '../spec/files.ts'
import type { HttpStep, Target } from '../spec/load-test.ts'
import { type Template, templateOf } from '../spec/template.ts'
import { compileAuthorization } from './authorization.ts'
import { compileBody } from './body.ts'
import type { RenderedRequest } from './compiled.ts'
import type { Site } from './cookie.ts'
import { encodeLiteral, headerValue, percentEncode } from './encoding.ts'
import { compileField, compileText } from './expression.ts'
import type { Names } from './names.ts'
import { joined, known, mapped, type Part } from './part.ts'
import type { UserScope } from './user-scope.ts'

/** How a request is made: once for all, or for each user anew. */
export interface RequestMaker {
  readonly constant: RenderedRequest | null
  render(scope: UserScope): RenderedRequest
}

/** Written by the transport itself; so is `host`, unless the LoadTest gives one. */
const transportHeader = 'content-length'

/** What worker/engine/content-decoding.ts undoes. */
const contentCodings = 'gzip, br, deflate, zstd'

/** `at`: where it goes. `cookies`: the user may have some to send. */
export function compileHttpRequest(
  step: HttpStep,
  at: { readonly number: number; readonly target: Target },
  names: Names,
  files: Files,
  cookies: boolean,
): RequestMaker {
  const { method } = step
  const { number, target } = at
  const site = siteOf(target)
  const path = compilePath(step, new URL(target.url).pathname, names)
  const { type, body, begin } = compileBody(step.body, names, files)
  const headers = compileHeaders(step, at, type, names)
  const varying = headers.values.flatMap((value, i) =>
    value.varies ? [{ at: 2 * i + 1, of: value.of }] : [],
  )
  const settled = Object.freeze(
    headers.names.flatMap((name, i) => {
      const value = headers.values[i]
      return [name, value === undefined || value.varies ? '' : value.value]
    }),
  )
  const cookieAt = headers.names.indexOf('cookie')

  const renderHeaders = (scope: UserScope, ownPath: string): readonly string[] => {
    const jar =
      cookies && scope.cookies.size > 0 ? scope.cookies.headerFor(site, ownPath, scope.epochMs()) : ''
    if (jar === '' && varying.length === 0) return settled
    const list = settled.slice()
    for (const { at, of } of varying) list[at] = of(scope)
    if (jar !== '' && cookieAt >= 0) list[2 * cookieAt + 1] += `; ${jar}`
    else if (jar !== '') list.push('cookie', jar)
    return list
  }

  if (path.varies || body.varies || varying.length > 0) {
    return {
      constant: null,
      render(scope) {
        begin?.(scope)
        const ownPath = path.varies ? path.of(scope) : path.value
        return {
          kind: 'http',
          target: number,
          method,
          path: ownPath,
          headers: renderHeaders(scope, ownPath),
          body: body.varies ? body.of(scope) : body.value,
        }
      },
    }
  }
  const plain: RenderedRequest = Object.freeze({
    kind: 'http',
    target: number,
    method,
    path: path.value,
    headers: settled,
    body: body.value,
  })
  if (!cookies) return { constant: plain, render: () => plain }
  return {
    constant: null,
    render(scope) {
      const list = renderHeaders(scope, plain.path)
      return list === settled ? plain : { ...plain, headers: list }
    },
  }
}

export function siteOf({ url }: Target): Site {
  const { hostname, protocol } = new URL(url)
  return { host: hostname, secure: protocol === 'https:' }
}

/** The target's base path, the step's path and its query; a fragment is never sent. */
function compilePath(step: HttpStep, basePath: string, names: Names): Part<string> {
  const template = withoutFragment(templateOf(step.url))
  const text = compileText(template, names, percentEncode, encodeLiteral)
  const base = basePath.replace(/\/+$/, '')
  const first = template.parts[0]
  const start = first?.kind === 'literal' ? first.text[0] : undefined
  const bare = template.parts.length === 0 || start === '?'
  const slash = start === '/' || (bare && base !== '') ? '' : '/'
  const written = template.parts.map((part) => (part.kind === 'literal' ? part.text : '')).join('')
  let separator = written.includes('?') ? (/[?&]$/.test(written) ? '' : '&') : '?'
  const query: Part<string>[] = []
  for (const [name, value] of Object.entries(step.query)) {
    query.push(known(`${separator}${percentEncode(name)}=`), compileField(value, names, percentEncode))
    separator = '&'
  }
  return joined([known(base + slash), text, ...query])
}

function withoutFragment(template: Template): Template {
  const at = template.parts.findIndex((part) => part.kind === 'literal' && part.text.includes('#'))
  const part = template.parts[at]
  if (part?.kind !== 'literal') return template
  const text = part.text.slice(0, part.text.indexOf('#'))
  const before = template.parts.slice(0, at)
  return { parts: text === '' ? before : [...before, { kind: 'literal', text }] }
}

/**
 * Names in lower case. The step's win over the target's, both over what the body, the user agent and the target's `auth` give; but a body of parts has
 * a type of its own, which names what is between them.
 */
function compileHeaders(
  step: HttpStep,
  { number, target }: { readonly number: number; readonly target: Target },
  type: Part<string> | null,
  names: Names,
): { readonly names: readonly string[]; readonly values: readonly Part<string>[] } {
  const values = new Map<string, Part<string>>()
  const give = (headers: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(headers)) {
      values.set(name.toLowerCase(), mapped(compileText(text, names), headerValue))
    }
  }
  give(target.headers)
  if (type !== null && (step.body.kind === 'multipart' || !values.has('content-type')))
    values.set('content-type', type)
  give(step.headers)
  values.delete(transportHeader)
  const own: [string, Part<string>][] = []
  if (!values.has('user-agent')) own.push(['user-agent', known(headerValue(target.userAgent))])
  if (target.compression && !values.has('accept-encoding'))
    own.push(['accept-encoding', known(contentCodings)])
  if (target.auth !== null && !values.has('authorization'))
    own.push(['authorization', mapped(compileAuthorization(target.auth, number, names), headerValue)])
  const all = [...own, ...values]
  return { names: all.map(([name]) => name), values: all.map(([, value]) => value) }
}
