import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Issue } from '../../core/spec/issue.ts'
import type { LoadTest, Tls } from '../../core/spec/load-test.ts'
import { pemPlaces } from '../../core/spec/pem.ts'
import { targetPaths, targetsOf } from '../../core/spec/targets.ts'
import { pemsOf } from './tls-files.ts'

/** Whether the TLS library takes each PEM file, and whether key and certificate belong together. No effects: for `validate` too. Code `wrong-pem`. */
export function checkTlsFiles(test: LoadTest, files: Files): Issue[] {
  const paths = targetPaths(test)
  return targetsOf(test).flatMap(({ tls }, number) => {
    const places = pemPlaces(tls, paths[number] ?? '')
    const broken = places.flatMap(({ part, name, path }) => {
      const problem = problemOf({ ...nothing, [`${part}File`]: name }, files)
      return problem === null ? [] : [issue(path, `${name} cannot be read: ${problem}.`, readHint)]
    })
    const last = places.at(-1)
    if (broken.length > 0 || last === undefined) return broken
    const problem = problemOf(tls, files)
    return problem === null
      ? []
      : [issue(last.path, `Certificate and key cannot be used: ${problem}.`, pairHint)]
  })
}

const nothing: Tls = {
  caFile: null,
  certFile: null,
  keyFile: null,
  insecureSkipVerify: false,
  resume: false,
  serverName: null,
}
const readHint = 'Make it again, in PEM: openssl x509 -in FILE -noout -text shows what is in it.'
const pairHint = 'Name the private key that the certificate was made for.'

function issue(path: string, message: string, hint: string): Issue {
  return { path, code: 'wrong-pem', message, hint }
}

/** Null: none. */
function problemOf(tls: Tls, files: Files): string | null {
  try {
    // createSecureContext leaves out authorities that it cannot read.
    if (tls.caFile !== null) for (const pem of certificatesIn(files[tls.caFile])) new X509Certificate(pem)
    createSecureContext(pemsOf(tls, files))
    return null
  } catch (error) {
    const { reason, message } = error as Error & { readonly reason?: string }
    return reason ?? message
  }
}

function certificatesIn(bytes: Uint8Array | undefined): readonly string[] {
  const text = new TextDecoder().decode(bytes)
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}
