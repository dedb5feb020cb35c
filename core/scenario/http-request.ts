import type { HttpStep, Target } from '../spec/load-test.ts'
import { type Template, templateOf } from '../spec/template.ts'
import type { RenderedRequest } from './compiled.ts'
import type { Site } from './cookie.ts'
import { encodeLiteral, formEncode, headerValue, percentEncode } from './encoding.ts'
import { compileJsonText, compileText } from './expression.ts'
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

/** `at`: where it goes. `cookies`: the user may have some to send. */
export function compileHttpRequest(
  step: HttpStep,
  at: { readonly number: number; readonly target: Target },
  names: Names,
  cookies: boolean,
): RequestMaker {
  const { method } = step
  const { number, target } = at
  const site = siteOf(target)
  const path = compilePath(step, new URL(target.url).pathname, names)
  const body = compileBody(step, names)
  const headers = compileHeaders(step, target, names)
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

function compileField(
  value: string | number | boolean,
  names: Names,
  encode: (text: string) => string,
): Part<string> {
  return typeof value === 'string' ? compileText(value, names, encode, encode) : known(encode(String(value)))
}

/** Names in lower case. The step's win over the target's, both over what the body and the user agent give. */
function compileHeaders(
  step: HttpStep,
  target: Target,
  names: Names,
): { readonly names: readonly string[]; readonly values: readonly Part<string>[] } {
  const texts = new Map<string, string>()
  const type = contentType(step)
  const merged: [string, string][] = [
    ...Object.entries(target.headers),
    ...(type === null || hasOwnType(target) ? [] : ([['content-type', type]] as [string, string][])),
    ...Object.entries(step.headers),
  ]
  for (const [name, text] of merged) texts.set(name.toLowerCase(), text)
  const given = [...texts].filter(([name]) => name !== transportHeader)
  const agent: Part<string>[] = texts.has('user-agent') ? [] : [known(headerValue(target.userAgent))]
  return {
    names: [...agent.map(() => 'user-agent'), ...given.map(([name]) => name)],
    values: [...agent, ...given.map(([, text]) => mapped(compileText(text, names), headerValue))],
  }
}

function hasOwnType(target: Target): boolean {
  return Object.keys(target.headers).some((name) => name.toLowerCase() === 'content-type')
}

function contentType(step: HttpStep): string | null {
  const { kind } = step.body
  switch (kind) {
    case 'none':
      return null
    case 'json':
      return 'application/json'
    case 'form':
      return 'application/x-www-form-urlencoded'
    case 'text':
      return 'text/plain; charset=utf-8'
    default:
      return kind satisfies never
  }
}

function compileBody(step: HttpStep, names: Names): Part<string | null> {
  const { body } = step
  switch (body.kind) {
    case 'none':
      return known(null)
    case 'json':
      return compileJsonText(body.value, names)
    case 'form':
      return joined(
        Object.entries(body.fields).flatMap(([name, value], i) => [
          known(`${i === 0 ? '' : '&'}${formEncode(name)}=`),
          compileField(value, names, formEncode),
        ]),
      )
    case 'text':
      return compileText(body.text, names)
    default:
      return body satisfies never
  }
}
