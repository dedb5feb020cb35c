import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { BreakwaterError } from '../../core/error.ts'
import type { Calibration, RateLevel } from '../../core/plan/calibration.ts'

/** What is kept of one machine with one Node. */
export interface KeptCalibration extends Calibration {
  readonly host: string
  readonly node: string
  readonly breakwater: string
  readonly at: string
  readonly levels: readonly RateLevel[]
}

interface CalibrationFile {
  readonly schema: 'breakwater.dev/calibration/v1'
  readonly calibrations: readonly KeptCalibration[]
}

export function calibrationPath(stateFolder: string): string {
  return path.join(stateFolder, 'calibration.json')
}

/** Of this machine and this Node; null: it was never calibrated. */
export async function readCalibration(stateFolder: string): Promise<KeptCalibration | null> {
  return (await readAll(stateFolder)).find(isOfThisMachine) ?? null
}

/** In place of an older one. Returns the file. Throws BreakwaterError `output-unwritable`. */
export async function keepCalibration(stateFolder: string, calibration: KeptCalibration): Promise<string> {
  const file = calibrationPath(stateFolder)
  const others = (await readAll(stateFolder)).filter((one) => !isOfThisMachine(one))
  const content: CalibrationFile = {
    schema: 'breakwater.dev/calibration/v1',
    calibrations: [...others, calibration],
  }
  const draft = `${file}.${randomUUID()}`
  try {
    await mkdir(stateFolder, { recursive: true })
    await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`)
    await rename(draft, file)
  } catch (error) {
    throw new BreakwaterError('output-unwritable', `${file} cannot be written: ${(error as Error).message}`, {
      hint: 'Set XDG_STATE_HOME to a folder that you may write to.',
      cause: error,
    })
  }
  return file
}

function isOfThisMachine({ host, node }: KeptCalibration): boolean {
  return host === hostname() && node === process.versions.node
}

/** A file that is not there, or that somebody broke, holds nothing: the next calibration writes it anew. */
async function readAll(stateFolder: string): Promise<readonly KeptCalibration[]> {
  const text = await readFile(calibrationPath(stateFolder), 'utf8').catch(() => '')
  try {
    const { calibrations }: CalibrationFile = JSON.parse(text)
    return calibrations.filter(isWhole)
  } catch {
    return []
  }
}

function isWhole(one: KeptCalibration): boolean {
  const isCount = (value: unknown) => typeof value === 'number' && value > 0
  return isCount(one.openPerSecond) && isCount(one.closedPerSecond) && isCount(one.cores)
}
