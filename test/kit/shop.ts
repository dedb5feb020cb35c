import { join } from 'node:path'
import type { ShopStats } from '../../examples/shop/counts.ts'
import { startProgram } from './program.ts'
import { until } from './until.ts'

const main = join(import.meta.dirname, '../../examples/shop/main.ts')

export interface ShopProcess {
  /** Pages and API. */
  readonly url: string
  readonly mediaUrl: string
  readonly grpcUrl: string
  stats(): Promise<ShopStats>
  /** Forgets everything, as if it had just been started. */
  reset(): Promise<void>
  /** Its exit code, or the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals>
}

/** The shop of examples/shop/ in a process of its own, so that it shares no event loop with who loads it. */
export async function startShop(args: readonly string[] = []): Promise<ShopProcess> {
  const free = ['--listen', '--media', '--grpc'].flatMap((flag) => [flag, '127.0.0.1:0'])
  const program = await startProgram(process.execPath, [main, ...free, ...args])
  const addresses = () => /^shop: (\S+) {2}media (\S+) {2}(\S+)/m.exec(program.output())
  await until('the shop says its addresses', () => addresses() !== null || !program.isRunning())
  const [, url = '', mediaUrl = '', grpcUrl = ''] = addresses() ?? []
  if (!program.isRunning()) throw new Error(`the shop ended at once:\n${program.output()}`)
  return {
    url,
    mediaUrl,
    grpcUrl,
    async stats() {
      return (await (await fetch(`${url}/stats`)).json()) as ShopStats
    },
    async reset() {
      await fetch(`${url}/stats/reset`, { method: 'POST' })
    },
    stop: () => program.stop(),
  }
}
