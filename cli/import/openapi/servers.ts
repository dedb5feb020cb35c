import { BreakwaterError } from '../../../core/error.ts'
import { fieldsOf, itemsOf, type RawMap } from '../../../core/spec/raw.ts'
import { guess } from '../draft.ts'
import { serverUrl } from '../server-url.ts'
import { textOf } from '../source.ts'

export interface Server {
  readonly url: string
  readonly note?: string
}

const somewhere = 'http://127.0.0.1:8080'

/** Where the requests go: `wish`, else the document's first server, else somewhere with a note. Throws BreakwaterError `usage`. */
export function serverOf(document: RawMap, wish: string | undefined): Server {
  const [first] = itemsOf(document.servers)
  const stated = withVariables(fieldsOf(first))
  if (wish !== undefined) return { url: joined(usable(wish), stated) }
  const url = serverUrl(stated)
  if (url !== null) {
    return { url: withoutEnd(`${url.origin}${url.pathname}`) }
  }
  const said = stated === '' || stated === '/' ? 'the document names no server' : 'the server has no host'
  return { url: joined(somewhere, stated), note: guess(`${said}; --url names one`) }
}

/** A server that is a path alone stands below the host that is named. */
function joined(host: string, stated: string): string {
  const path = stated.startsWith('/') && !stated.startsWith('//') ? stated.split(/[?#]/)[0] : ''
  return withoutEnd(
    new URL(host).pathname === '/' ? `${withoutEnd(host)}${new URL(`http://h${path}`).pathname}` : host,
  )
}

function usable(wish: string): string {
  const url = serverUrl(wish)
  if (url === null) {
    throw new BreakwaterError('usage', `--url ${wish} is no URL of an HTTP server`, {
      hint: 'Write it like https://shop.test or http://127.0.0.1:8080/base.',
    })
  }
  return `${url.origin}${url.pathname}`
}

/** `{version}` by its default, else its first value. */
function withVariables(server: RawMap): string {
  const variables = fieldsOf(server.variables)
  return textOf(server.url)
    .slice(0, 2000)
    .replace(/\{([^{}]+)\}/g, (hole, name: string) => {
      const variable = Object.hasOwn(variables, name) ? fieldsOf(variables[name]) : {}
      const value = variable.default ?? itemsOf(variable.enum)[0]
      return value === undefined ? hole : String(value)
    })
}

function withoutEnd(url: string): string {
  return url.replace(/\/+$/, '')
}
