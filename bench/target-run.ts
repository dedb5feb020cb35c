import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type NginxTarget, type Spoken, startNginxTarget } from './nginx-target.ts'
import { onSignal } from './on-signal.ts'

/** Runs `work` while nginx answers, and ends nginx whatever comes of it. */
export async function withTarget<T>(
  out: string,
  spoken: Spoken,
  work: (target: NginxTarget) => Promise<T>,
): Promise<T> {
  mkdirSync(out, { recursive: true })
  const target = await startNginxTarget(join(out, 'nginx'), spoken)
  const release = onSignal(() => target.kill())
  try {
    return await work(target)
  } finally {
    release()
    await target.stop()
  }
}
