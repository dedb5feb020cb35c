import type { z } from 'zod'
import type { Issue } from './issue.ts'
import type { Connections, Dns, HttpProxy, Tls } from './load-test.ts'
import { under } from './path.ts'
import { constantCredential, pemFile } from './reference-normal.ts'
import type { connectionsSchema, dnsSchema, proxySchema, tlsSchema } from './schema-connection.ts'
import { secretFile, secretOfFile, tlsKeyName } from './secret-file.ts'

export function normalTls(wish: z.output<typeof tlsSchema> | undefined, path: string, issues: Issue[]): Tls {
  const { ca, cert, key } = wish ?? {}
  if (key !== undefined && cert === undefined) {
    issues.push({
      path: under(path, ['cert']),
      code: 'missing',
      message: 'There is a private key without a certificate.',
      hint: 'Add the certificate that it belongs to: cert: { file: client.pem }.',
    })
  }
  const certFile = pemFile(cert, under(path, ['cert']), issues)
  return {
    caFile: pemFile(ca, under(path, ['ca']), issues),
    certFile,
    keyFile: pemFile(key, under(path, ['key']), issues) ?? keyBeside(certFile),
    insecureSkipVerify: wish?.insecureSkipVerify ?? false,
    serverName: wish?.serverName ?? null,
    resume: wish?.resume ?? false,
  }
}

/** A Kubernetes TLS secret has the key beside the certificate; a file may hold both. */
function keyBeside(certFile: string | null): string | null {
  const reference = certFile === null ? null : secretOfFile(certFile)
  return reference === null ? certFile : secretFile({ ...reference, key: tlsKeyName })
}

export function normalConnections(wish: z.output<typeof connectionsSchema> | undefined): Connections {
  const max = wish?.max
  return {
    share: wish?.share ?? 'pool',
    max: max === undefined || max === 'auto' ? null : max,
    idleMs: wish?.idle ?? 30_000,
    lifetimeMs: wish?.lifetime ?? null,
    warm: wish?.warm ?? 0,
  }
}

export function normalDns(wish: z.output<typeof dnsSchema> | undefined, path: string, issues: Issue[]): Dns {
  const family = wish?.family ?? null
  const hosts = Object.entries(wish?.hosts ?? {}).map(([name, given]): [string, readonly string[]] => {
    const at = under(path, ['hosts', name])
    const addresses = [given].flat()
    checkHostName(name, at, issues)
    for (const address of addresses) checkAddress(address, at, family, issues)
    return [name.toLowerCase(), addresses.map(withoutBrackets)]
  })
  return {
    refreshMs: wish?.refresh ?? 30_000,
    family,
    pick: wish?.pick ?? 'roundRobin',
    hosts: Object.fromEntries(hosts),
  }
}

function checkHostName(name: string, path: string, issues: Issue[]): void {
  if (isName(name)) return
  issues.push({
    path,
    code: 'wrong-format',
    message: `${JSON.stringify(name.slice(0, 80))} is not the name of a host.`,
    hint: "Write the host of the target's URL, without scheme and port: shop.test.",
  })
}

function checkAddress(text: string, path: string, family: 4 | 6 | null, issues: Issue[]): void {
  const found = familyOf(withoutBrackets(text))
  if (found === 0 && !isName(text)) {
    issues.push({
      path,
      code: 'wrong-format',
      message: `${JSON.stringify(text.slice(0, 80))} is neither an address nor the name of a host.`,
      hint: 'Write addresses such as 127.0.0.1 or ::1, without a port.',
    })
  } else if (found !== 0 && family !== null && found !== family) {
    issues.push({
      path,
      code: 'conflict',
      message: `${text} is an address of IPv${found}, and \`family\` says ${family}.`,
      hint: 'Leave one of the two out.',
    })
  }
}

function isName(text: string): boolean {
  return (
    familyOf(text) === 0 &&
    /^[\p{L}\p{N}_]([\p{L}\p{N}_.-]*[\p{L}\p{N}_])?\.?$/u.test(text) &&
    !/^[\d.]+$/.test(text)
  )
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
}

/** 0: not an address. */
export function familyOf(text: string): 0 | 4 | 6 {
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) return text.split('.').every((part) => Number(part) < 256) ? 4 : 0
  return text.includes(':') && URL.canParse(`http://[${text}]/`) ? 6 : 0
}

export function normalProxy(
  wish: z.output<typeof proxySchema> | undefined,
  path: string,
  issues: Issue[],
): HttpProxy | null {
  if (wish === undefined) return null
  const { url, auth } = typeof wish === 'string' ? { url: wish } : wish
  const at = typeof wish === 'string' ? path : under(path, ['url'])
  checkProxyUrl(url, at, issues)
  return {
    url,
    auth: auth
      ? {
          user: constantCredential(auth.user, under(path, ['auth', 'user']), issues),
          password: constantCredential(auth.password, under(path, ['auth', 'password']), issues),
        }
      : null,
  }
}

function checkProxyUrl(url: string, path: string, issues: Issue[]): void {
  const wrong = (message: string, hint: string) => issues.push({ path, code: 'wrong-url', message, hint })
  const example = 'Write it like http://proxy.test:3128.'
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) {
    wrong(`${JSON.stringify(url.replace(/\/\/[^/?#]*@/, '//***@').slice(0, 80))} is not a URL.`, example)
    return
  }
  const { protocol, pathname, search, hash, username, password } = new URL(url)
  if (protocol !== 'http:') {
    wrong(
      `A proxy is spoken to by ${protocol.slice(0, -1)}, which is not possible.`,
      'Write an http URL: what goes through it to https and grpcs targets is encrypted all the same.',
    )
  } else if (username !== '' || password !== '') {
    wrong(
      'The URL holds a name and a password.',
      'Write proxy: { url: http://proxy.test:3128, auth: { user: …, password: { env: NAME } } }.',
    )
  } else if (pathname !== '/' || search !== '' || hash !== '') {
    wrong('The URL of a proxy has no path.', example)
  }
}
