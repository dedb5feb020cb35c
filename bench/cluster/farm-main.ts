import type { FarmEvent } from './farm-event.ts'
import { startFarm } from './worker-farm.ts'

/** A farm in a process of its own: tells what happens as JSON, a line each, until it is ended. */
const [natsUrl = '', workers = '1', connections = '1'] = process.argv.slice(2)
const say = (event: FarmEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`)

// Whoever started it is gone.
process.stdout.on('error', () => process.exit(1))

const farm = await startFarm({
  natsUrl,
  workers: Number(workers),
  connections: Number(connections),
  onArmed: (startLocalMs) => say({ type: 'armed', startLocalMs }),
  onDrained: (draws) => say({ type: 'drained', atMs: Date.now(), draws }),
  onWarning: (message) => say({ type: 'warning', message }),
})
say({ type: 'ready' })
process.once('SIGTERM', () => void farm.close())
