/** RFC 7541 appendix A, from index 1 on: name, value, name, value …. */
const entries: readonly string[] = `
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`
  .trim()
  .split('\n')

/** By index; there is none at 0. */
export const staticNames: readonly string[] = ['', ...entries.map((entry) => entry.split(' ')[0] as string)]
export const staticValues: readonly string[] = [
  '',
  ...entries.map((entry) => entry.slice(entry.split(' ')[0]?.length).trim()),
]

export const staticEntries = entries.length

/** The lowest index of an entry of that name; 0: none has it. */
export function staticNameIndex(name: string): number {
  return byName.get(name) ?? 0
}

/** 0: no entry is that pair. */
export function staticPairIndex(name: string, value: string): number {
  return byPair.get(`${name} ${value}`) ?? 0
}

const byName = new Map<string, number>()
const byPair = new Map<string, number>()
for (let index = staticEntries; index > 0; index--) {
  byName.set(staticNames[index] as string, index)
  byPair.set(`${staticNames[index]} ${staticValues[index]}`, index)
}
