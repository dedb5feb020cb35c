import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { tool } from './tools.ts'
import { until } from './until.ts'

export interface Nghttpd {
  readonly port: number
  /** The folder that it serves. */
  readonly folder: string
  readonly stop: () => Promise<void>
}

/** The server of nghttp2, with more of its options; over TLS where there are certificates. Listening when the promise resolves. */
export async function startNghttpd(
  options: readonly string[] = [],
  certificates: Pick<Certificates, 'cert' | 'key'> | null = null,
): Promise<Nghttpd> {
  const home = await makeTempDir()
  const port = await freePort()
  const folder = join(home.path, 'served')
  await mkdir(folder)
  const tls = [join(home.path, 'key.pem'), join(home.path, 'cert.pem')] as const
  if (certificates !== null) {
    await writeFile(tls[0], certificates.key)
    await writeFile(tls[1], certificates.cert)
  }
  const program = await startProgram(tool('nghttpd'), [
    ...['-a', '127.0.0.1', '-d', folder, '-v'],
    ...options,
    ...(certificates === null ? ['--no-tls', String(port)] : [String(port), ...tls]),
  ])
  await until('nghttpd listens', () => !program.isRunning() || program.output().includes('listen '))
  if (!program.isRunning()) throw new Error(`nghttpd ended at once:\n${program.output()}`)
  return {
    port,
    folder,
    stop: async () => {
      await program.stop()
      await home.remove()
    },
  }
}
