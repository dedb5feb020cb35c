import type { SecretReference } from './reference.ts'

const scheme = 'secret:'
/** Of the private key in a Kubernetes TLS secret. */
export const tlsKeyName = 'tls.key'

/** The name that a key of a secret has among the files of a test. No file beside a LoadTest can have it (file-path.ts). */
export function secretFile({ secret, key }: SecretReference): string {
  return `${scheme}${secret}/${key}`
}

/** As people read it. */
export function fileText(file: string): string {
  const reference = secretOfFile(file)
  return reference === null ? file : `the secret ${reference.secret}/${reference.key}`
}

/** Null for a file beside the LoadTest. */
export function secretOfFile(file: string): SecretReference | null {
  if (!file.startsWith(scheme)) return null
  const [secret = '', key = ''] = file.slice(scheme.length).split('/')
  return { kind: 'secret', secret, key }
}
