import type { MessagePort } from 'node:worker_threads'
import { BreakwaterError } from '../../core/error.ts'
import { rehearse } from './rehearsal.ts'
import type { FromThread, ToThread } from './thread-protocol.ts'
import { type Prepare, ThreadRun } from './thread-run.ts'
import type { LoadTransports } from './transport-port.ts'

/** Serves the messages of worker/engine/thread-protocol.ts until `exit`. What can go wrong while it prepares is reported; a defect throws. */
export function serveThread(port: MessagePort, loadTransports: LoadTransports): void {
  let run: ThreadRun | null = null
  const post = (message: FromThread): void => port.postMessage(message)

  port.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'prepare':
        prepareThread(message, loadTransports, post)
          .then((prepared) => {
            run = prepared
            post({ type: 'prepared', transport: prepared.transport.name })
          })
          .catch((error: unknown) => post(failed(error)))
        return
      case 'arm':
        run?.arm(message.startLocalMs, message.epoch, message.setup)
        // The start is two seconds away, and nothing else is to be done. Users of closed phases wait for nobody's schedule.
        if (run?.hasArrivals) void rehearse(message.startLocalMs, run.pace, loadTransports)
        return
      case 'perform':
        void run?.perform(message.stage, message.setup)
        return
      case 'epoch':
        run?.engine.advance(message.epoch)
        return
      case 'confirm':
        run?.confirm(message.question)
        return
      case 'rows':
        run?.giveRows(message.source, message.from, message.count)
        return
      case 'token':
        run?.takeToken(message.target, message.token)
        return
      case 'stop':
        run?.stop()
        return
      case 'abort':
        run?.abort()
        return
      case 'exit':
        void (run?.close() ?? Promise.resolve()).finally(() => port.close())
        return
      default:
        message satisfies never
    }
  })
}

async function prepareThread(
  prepare: Prepare,
  loadTransports: LoadTransports,
  post: (message: FromThread) => void,
): Promise<ThreadRun> {
  const run = new ThreadRun(prepare, await loadTransports(prepare.test, prepare.files, prepare.engine), post)
  await run.transport.prepare()
  run.engine.countSetup(run.transport.setupSends ?? 0)
  return run
}

function failed(error: unknown): FromThread {
  return error instanceof BreakwaterError
    ? { type: 'failed', code: error.code, message: error.message, hint: error.hint ?? null }
    : {
        type: 'failed',
        code: null,
        message: String(error instanceof Error ? error.stack : error),
        hint: null,
      }
}
