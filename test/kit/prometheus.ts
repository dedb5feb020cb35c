import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { tool } from '../../scripts/tool-paths.ts'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { until } from './until.ts'

export interface Prometheus {
  /** Of an instant query that gives one number. Undefined: it gives none. */
  value(query: string): Promise<number | undefined>
  stop(): Promise<void>
}

/** A real Prometheus that scrapes these `host:port` twice a second, with the alerts of deploy/prometheus; it answers when the promise resolves. */
export async function startPrometheus(targets: readonly string[]): Promise<Prometheus> {
  const [home, port] = [await makeTempDir(), await freePort()]
  const config = join(home.path, 'prometheus.yml')
  await copyFile(
    join(import.meta.dirname, '../../deploy/prometheus/alerts.yml'),
    join(home.path, 'alerts.yml'),
  )
  await writeFile(
    config,
    stringify({
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
      rule_files: ['alerts.yml'],
      scrape_configs: [{ job_name: 'breakwater', static_configs: [{ targets }] }],
    }),
  )
  const url = `http://127.0.0.1:${port}`
  const server = await startProgram(tool('prometheus'), [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(home.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  await until('Prometheus is ready', async () => {
    if (!server.isRunning()) throw new Error(server.output())
    return (await fetch(`${url}/-/ready`)).ok
  })
  return {
    async value(query) {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
      const [first] = data.result
      return first === undefined ? undefined : Number(first.value[1])
    },
    async stop() {
      await server.stop()
      await home.remove()
    },
  }
}
