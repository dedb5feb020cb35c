import { constants } from 'node:os'
import { exitCodes } from '../core/error.ts'

/** What to do when someone wants this process to end. */
export interface Interruptions {
  readonly first: (signal: NodeJS.Signals) => void
  readonly second?: () => void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Until the returned function is called. One signal more than is foreseen ends the process where it stands. */
export function onInterruption({ first, second }: Interruptions): () => void {
  let count = 0
  const listen = (signal: NodeJS.Signals): void => {
    count++
    if (count === 1) first(signal)
    else if (count === 2 && second !== undefined) second()
    else process.exit(128 + constants.signals[signal])
  }
  for (const signal of signals) process.on(signal, listen)
  return () => {
    for (const signal of signals) process.off(signal, listen)
  }
}

/** Resolves with the first signal; a second ends the process. */
export function interruption(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    onInterruption({ first: resolve })
  })
}

/** Of a command that serves until it is told to end: being told is no failure, but Ctrl-C always shows. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.pass
}
