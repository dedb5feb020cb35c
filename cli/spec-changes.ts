import { BreakwaterError } from '../core/error.ts'
import type { Issue } from '../core/spec/issue.ts'
import type { ChangeLayer } from '../core/spec/layers.ts'
import type { Json } from '../core/spec/load-test.ts'
import { readAssignment, type SetPath } from '../core/spec/set-path.ts'
import { parseYaml } from '../core/spec/yaml.ts'
import type { SpecFlags } from './spec-flags.ts'

/** What the flags change, in the order in which it counts: overlays, then `--set`, then `--label`. Throws BreakwaterError `usage`. */
export async function specChanges(
  { overlay = [], set = [], label = {} }: SpecFlags,
  readText: (file: string) => Promise<string>,
): Promise<{ readonly changes: readonly ChangeLayer[]; readonly issues: readonly Issue[] }> {
  const settings = set.map(readSetting)
  const issues: Issue[] = []
  const overlays: ChangeLayer[] = []
  for (const file of overlay) {
    const yaml = parseYaml(await readText(file), { mayBeEmpty: true })
    if (yaml.ok) overlays.push({ kind: 'overlay', file, ...yaml.value })
    else issues.push(...yaml.issues.map((issue) => ({ ...issue, file })))
  }
  const labels = Object.entries(label).map(
    ([key, value]): ChangeLayer => ({
      kind: 'setting',
      file: `--label ${key}=${value}`,
      setting: { path: ['metadata', 'labels', key].map((text) => ({ kind: 'key', text })), value },
    }),
  )
  return { changes: [...overlays, ...settings, ...labels], issues }
}

function readSetting(text: string): ChangeLayer {
  const assignment = readAssignment(text)
  if (!assignment.ok) {
    throw new BreakwaterError('usage', `--set ${text} cannot be read: ${assignment.message}`, {
      hint: 'Write PATH=VALUE, such as target.url=http://localhost:8080, load[0].rate=10 or scenarios[browse].weight=2.',
    })
  }
  const { path, pathText } = assignment
  return {
    kind: 'setting',
    file: isSecret(path) || text.length > 100 ? `--set ${pathText}=…` : `--set ${text}`,
    setting: { path, value: readValue(pathText, assignment.value) },
  }
}

function readValue(path: string, text: string): Json {
  if (/^\s*(#|$)/.test(text)) {
    throw new BreakwaterError('usage', `--set ${path}= has no value`, {
      hint: `Write --set '${path}=""' for an empty text, or --set ${path}=null to take away what is there.`,
    })
  }
  const yaml = parseYaml(text, { mayBeEmpty: true })
  if (yaml.ok) return yaml.value.value as Json
  const [{ message } = { message: '' }] = yaml.issues
  throw new BreakwaterError(
    'usage',
    `the value of --set ${path} is not YAML: ${message.replace(/\.$/, '')}`,
    {
      hint: `Quote text for YAML too, and all of it for the shell: --set '${path}="> 0"'.`,
    },
  )
}

/** Whether a value at this place is better not shown again. */
export function isSecret(path: SetPath): boolean {
  const last = path.at(-1)
  return (
    last !== undefined &&
    last.kind !== 'index' &&
    /authorization|cookie|token|secret|passw|key$/i.test(last.text)
  )
}
