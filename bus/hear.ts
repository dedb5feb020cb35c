import type { BusMessage } from './bus.ts'

/**
 * A handler that throws is a bug and ends the process, as anywhere. Thrown into whoever delivers, it would only keep the messages behind
 * it from being heard.
 */
export function hear(handle: (message: BusMessage) => void, message: BusMessage): void {
  try {
    handle(message)
  } catch (bug) {
    queueMicrotask(() => {
      throw bug
    })
  }
}
