import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { load, onCore } from './cores.ts'
import { machineCpuS, treeCpuS } from './machine-time.ts'
import { measure } from './measured-command.ts'
import { root } from './tree.ts'

export interface Sample {
  /** From 1. */
  readonly round: number
  readonly contender: string
  readonly cpuS: number
  readonly wallS: number
  readonly ok: number
  readonly failed: number
  readonly extra: Readonly<Record<string, number>>
  /** CPU time of the target meanwhile. */
  readonly targetCpuS: number
  /** Cores that were busy with anything else meanwhile; null: nobody knows. */
  readonly othersCores: number | null
  /** Of the machine, before. */
  readonly load: number
}

export interface Race {
  /** Names the runs' folders. */
  readonly name: string
  readonly contenders: readonly Contender[]
  readonly rounds: number
  /** No run takes longer. */
  readonly timeoutS: number
  /** Each run has a folder in it, with all that it said. */
  readonly out: string
  readonly targetPid: number
  readonly say: (line: string) => void
}

/** All contenders by turns, each on core 0: A B C A B C. Throws where one of them fails. */
export async function race(wish: Race): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (let round = 1; round <= wish.rounds; round++) {
    for (const contender of wish.contenders) {
      const sample = await sampleOf(wish, contender, round)
      samples.push(sample)
      const others = sample.othersCores === null ? '' : `  others ${sample.othersCores.toFixed(2)} cores`
      wish.say(
        `${wish.name} ${round}/${wish.rounds}  ${contender.name.padEnd(11)} ${String(sample.ok).padStart(9)} requests  ${sample.cpuS.toFixed(2)} CPU s of ${sample.wallS.toFixed(2)} s${others}  load ${sample.load.toFixed(1)}`,
      )
    }
  }
  writeFileSync(join(wish.out, `${wish.name}.json`), `${JSON.stringify(samples, null, 2)}\n`)
  return samples
}

async function sampleOf(wish: Race, contender: Contender, round: number): Promise<Sample> {
  const { name, exitCodes, watch } = contender
  const folder = join(
    wish.out,
    'runs',
    `${wish.name}-${String(round).padStart(2, '0')}-${name.replaceAll(/\W+/g, '-')}`,
  )
  mkdirSync(folder, { recursive: true })
  await contender.settled?.()
  const before = { machine: machineCpuS(), target: treeCpuS(wish.targetPid), load: load() }
  const command = onCore(0, contender.command(folder))
  const { wallS, cpuS, stdout, stderr } = await measure(command, {
    cwd: root,
    timeoutS: wish.timeoutS,
    ...(exitCodes && { exitCodes }),
    ...(watch && { watch }),
  })
  const targetCpuS = treeCpuS(wish.targetPid) - before.target
  const after = machineCpuS()
  writeFileSync(join(folder, 'stdout.txt'), stdout)
  writeFileSync(join(folder, 'stderr.txt'), stderr)
  const { ok, failed, extra = {} } = contender.read({ stdout, stderr, folder })
  const othersCores =
    after === null || before.machine === null
      ? null
      : Math.max(0, (after - before.machine - cpuS - targetCpuS) / wallS)
  return {
    round,
    contender: name,
    cpuS,
    wallS,
    ok,
    failed,
    extra,
    targetCpuS,
    othersCores,
    load: before.load,
  }
}

/** Of one contender, in the order of the rounds. */
export function samplesOf(samples: readonly Sample[], contender: string): readonly Sample[] {
  return samples.filter((sample) => sample.contender === contender)
}
