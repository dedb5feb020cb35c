import { surroundingsText } from './cores.ts'
import type { Sample } from './race.ts'
import { spreadText } from './statistics.ts'
import { thisTree } from './tree.ts'

export interface SectionParts {
  readonly title: string
  /** What was done, in a sentence or two. */
  readonly what: string
  readonly samples: readonly Pick<Sample, 'load' | 'othersCores'>[]
  /** Of what was measured beside this tree. */
  readonly versions: readonly { readonly name: string; readonly version: string | null }[]
  readonly missing: readonly string[]
  readonly tables: readonly string[]
}

/** A section of docs/benchmarks.md: what, on which machine, how busy that was, and the tables. */
export function sectionText({ title, what, samples, versions, missing, tables }: SectionParts): string {
  const tools = versions
    .filter(({ version }) => version !== null)
    .map(({ name, version }) => `${name} ${version}`)
  const others = samples.flatMap(({ othersCores }) => (othersCores === null ? [] : [othersCores]))
  const busy =
    others.length === 0 ? '' : `; cores busy with anything else meanwhile: ${spreadText(others, 2)}`
  return [
    `## ${title}`,
    what,
    [
      `- ${new Date().toISOString().slice(0, 10)}, ${thisTree().name.replace('this tree', 'Breakwater')}`,
      `- ${surroundingsText()}`,
      `- load of the machine before each run: ${spreadText(
        samples.map(({ load }) => load),
        1,
      )}${busy}`,
      ...(tools.length === 0 ? [] : [`- ${tools.join(', ')}`]),
      ...(missing.length === 0 ? [] : [`- not installed, and so not measured: ${missing.join(', ')}`]),
    ].join('\n'),
    ...tables,
  ].join('\n\n')
}
