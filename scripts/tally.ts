export interface Tally {
  readonly passed: number
  readonly failed: number
  /** Titles of tests that were skipped or are still to be written. */
  readonly skipped: readonly string[]
  /** What the report says of what failed: so much of it as one wants to read at the end of all. */
  readonly details: readonly string[]
}

const mostDetails = 100

/**
 * Counts AVA's report line by line (without colours): its closing totals leave out what passed as soon as something
 * failed. A run that passed without a test, or broke without naming one, counts as one failure.
 */
export function tallyReport(lines: readonly string[], exit: number | string): Tally {
  let passed = 0
  let failed = 0
  const skipped: string[] = []
  for (const line of lines) {
    if (/^ {2}✔ /.test(line)) passed++
    else if (/^ {2}✘ \[fail\]: /.test(line)) failed++
    const missed = /^ {2}- \[(?:skip|todo)\] (.*)/.exec(line)?.[1]
    if (missed !== undefined) skipped.push(missed)
    const neverRan = /^ {2}✘ (\d+) tests? remaining in /.exec(line)?.[1]
    const crashes = /^ {2}(\d+) (?:uncaught exceptions?|unhandled rejections?)$/.exec(line)?.[1]
    failed += Number(neverRan ?? 0) + Number(crashes ?? 0)
  }
  const isBroken = exit !== 0 || passed + skipped.length === 0
  const details = isBroken || failed > 0 ? detailsOf(lines) : []
  return { passed, failed: failed === 0 && isBroken ? 1 : failed, skipped, details }
}

/** AVA tells of its failures between two lines of their own; whatever broke without that is best told by the last words. */
function detailsOf(lines: readonly string[]): readonly string[] {
  const begin = lines.indexOf('  ─')
  const end = lines.lastIndexOf('  ─')
  return end > begin ? lines.slice(begin + 1, end).slice(0, mostDetails) : lines.slice(-20)
}
