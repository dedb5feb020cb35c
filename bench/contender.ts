/** What one run came to, as the tool itself tells. */
export interface Counted {
  /** Requests with the answer that was wished for. */
  readonly ok: number
  /** Requests with any other end. */
  readonly failed: number
  /** What else one bench wants to know, by name. */
  readonly extra?: Readonly<Record<string, number>>
}

export interface RunOutput {
  readonly stdout: string
  readonly stderr: string
  /** The run's own. */
  readonly folder: string
}

/** One of those that are measured by turns. */
export interface Contender {
  readonly name: string
  readonly version: string | null
  /** Before each run: what must have come to rest since the one before. */
  readonly settled?: () => Promise<void>
  /** The command of one run, which may write to the folder. */
  command(folder: string): readonly string[]
  /** Exit codes that are no error. */
  readonly exitCodes?: readonly number[]
  /** Called four times a second while it runs, with the process that its own are children of. */
  readonly watch?: (pid: number) => void
  /** Throws where the output is not what it should be. */
  read(output: RunOutput): Counted
}

/** What a contender's output must tell. */
export function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`no ${pattern} in:\n${text.slice(0, 2000)}`)
  return Number(found)
}
