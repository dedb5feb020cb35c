import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Certificates {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
  /** Of who calls, signed by the same authority for CN=load. */
  readonly client: { readonly cert: Buffer; readonly key: Buffer }
}

const run = promisify(execFile)

/** A certificate authority of a day and a certificate of its own for localhost, 127.0.0.1, ::1 and shop.test. Needs the `openssl` command. */
export async function makeCertificates(): Promise<Certificates> {
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-tls-'))
  try {
    const openssl = (...args: string[]) => run('openssl', args, { cwd: dir })
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const ca = ['-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=Breakwater test CA']
    await openssl('req', '-x509', ...newKey, ...ca)
    await openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
    await writeFile(join(dir, 'names'), 'subjectAltName=DNS:localhost,DNS:shop.test,IP:127.0.0.1,IP:::1\n')
    const signedBy = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
    await openssl('x509', '-req', '-in', 'server.csr', ...signedBy, '-out', 'server.pem', '-days', '1')
    await openssl('req', ...newKey, '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/CN=load')
    await writeFile(join(dir, 'use'), 'extendedKeyUsage=clientAuth\n')
    const clientSigned = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'use']
    await openssl('x509', '-req', '-in', 'client.csr', ...clientSigned, '-out', 'client.pem', '-days', '1')
    const [authority, cert, key, clientCert, clientKey] = await Promise.all(
      ['ca.pem', 'server.pem', 'server.key', 'client.pem', 'client.key'].map((name) =>
        readFile(join(dir, name)),
      ),
    )
    return {
      ca: authority as Buffer,
      cert: cert as Buffer,
      key: key as Buffer,
      client: { cert: clientCert as Buffer, key: clientKey as Buffer },
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
