import { plural } from '../../core/report/number-format.ts'

/** Of one kind and second, as many as can be read. */
const mostAtOnce = 5
const windowMs = 1000

/** Lines that many workers cause at once: the first few of a kind are told, then how many more there were. */
export interface Crowd {
  tell(kind: string, line: string): void
  /** What is still to be told is. */
  close(): void
}

export function createCrowd(note: (line: string) => void): Crowd {
  const kinds = new Map<string, { told: number; withheld: number; timer: NodeJS.Timeout }>()

  function end(kind: string): void {
    const known = kinds.get(kind)
    kinds.delete(kind)
    if (known === undefined) return
    clearTimeout(known.timer)
    if (known.withheld > 0) note(`and ${plural(known.withheld, 'more line')} like these within a second`)
  }

  return {
    tell(kind, line) {
      let known = kinds.get(kind)
      if (known === undefined) {
        known = { told: 0, withheld: 0, timer: setTimeout(end, windowMs, kind).unref() }
        kinds.set(kind, known)
      }
      if (known.told >= mostAtOnce) {
        known.withheld++
        return
      }
      known.told++
      note(line)
    },
    close() {
      for (const kind of [...kinds.keys()]) end(kind)
    },
  }
}

/** What lines have in common that are the same but for whom and how much they are about. */
export function kindOf(line: string): string {
  return line
    .split(' ')
    .filter((word) => !/\d/.test(word))
    .join(' ')
    .slice(0, 80)
}
