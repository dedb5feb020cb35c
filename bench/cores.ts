import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** The generator and its target have a core each, where the machine has two and can bind processes to them. */
export const hasOwnCores = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** The command line that runs `command` on one core alone, where that is possible. */
export function onCore(core: number, command: readonly string[]): readonly string[] {
  return hasOwnCores ? ['taskset', '-c', `${core}`, ...command] : command
}

export function machineText(): string {
  const [model] = cpus()
  const apart = hasOwnCores ? 'generator on core 0, target on core 1' : 'generator and target share the cores'
  return `${availableParallelism()} cores (${model?.model.trim()}), ${apart}`
}

/** With what else decides the figures. */
export function surroundingsText(): string {
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`
  return `${machineText()}; ${memory}, Linux ${release()}, Node ${process.versions.node}`
}

/** Over the last minute: others who work on this machine disturb what is measured. */
export function load(): number {
  return loadavg()[0] ?? 0
}
