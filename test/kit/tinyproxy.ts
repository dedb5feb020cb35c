import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { tool } from './tools.ts'
import { until } from './until.ts'

export interface Tinyproxy {
  readonly url: string
  /** First lines of all requests so far: `CONNECT 127.0.0.1:443 HTTP/1.1`. */
  readonly requests: () => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

/** A real tinyproxy that lets anybody on this machine through to any port; where `auth` is given, only with it. */
export async function startTinyproxy(auth: Auth | null = null): Promise<Tinyproxy> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(auth)
    } catch (error) {
      // Somebody else took the free port.
      if (tries === 3) throw error
    }
  }
}

interface Auth {
  readonly user: string
  readonly password: string
}

async function start(auth: Auth | null): Promise<Tinyproxy> {
  const home = await makeTempDir()
  const port = await freePort()
  const log = join(home.path, 'log')
  const configuration = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Allow 127.0.0.1',
    'Timeout 60',
    'MaxClients 500',
    `LogFile "${log}"`,
    'LogLevel Info',
    ...(auth === null ? [] : [`BasicAuth ${auth.user} ${auth.password}`]),
  ]
  await writeFile(join(home.path, 'tinyproxy.conf'), `${configuration.join('\n')}\n`)
  const program = await startProgram(tool('tinyproxy'), ['-d', '-c', join(home.path, 'tinyproxy.conf')])
  const text = () => readFile(log, 'utf8').catch(() => '')
  await until(
    'tinyproxy listens',
    async () => !program.isRunning() || (await text()).includes('Accepting connections'),
  )
  if (!program.isRunning()) throw new Error(`tinyproxy ended at once:\n${program.output()}${await text()}`)
  return {
    url: `http://127.0.0.1:${port}`,
    requests: async () =>
      [...(await text()).matchAll(/Request \(file descriptor \d+\): (.*)/g)].map(([, line = '']) => line),
    stop: async () => {
      await program.stop('SIGTERM')
      await home.remove()
    },
  }
}
