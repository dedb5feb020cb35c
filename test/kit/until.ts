import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the answer is neither false nor undefined nor an error, and returns it. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  { withinMs = 15_000, everyMs = 10 }: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await attempt(ask)
    if (answer.ok && answer.value !== false && answer.value !== undefined) {
      return answer.value as Exclude<T, false | undefined>
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${withinMs} ms`, answer.ok ? {} : { cause: answer.cause })
    }
    await sleep(everyMs)
  }
}

async function attempt<T>(
  ask: () => T | Promise<T>,
): Promise<{ ok: true; value: T } | { ok: false; cause: unknown }> {
  try {
    return { ok: true, value: await ask() }
  } catch (cause) {
    return { ok: false, cause }
  }
}
