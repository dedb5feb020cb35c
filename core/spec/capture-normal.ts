import { noBody, noText } from './answer-words.ts'
import type { Issue } from './issue.ts'
import { parseJsonPath } from './json-path.ts'
import type { Capture, CaptureSource, Take } from './load-test.ts'
import { under } from './path.ts'
import { groupsOf, patternProblem } from './pattern.ts'
import { show } from './quantity.ts'
import type { CaptureWish } from './schema-answer.ts'
import { identifierPattern } from './schema-fields.ts'
import { parseSelector } from './selector.ts'

/** What is asked. */
export interface Asked {
  readonly protocol: 'http' | 'grpc'
  /** False: HEAD. */
  readonly hasBody: boolean
}

export function readCaptures(
  wishes: Readonly<Record<string, CaptureWish>>,
  asked: Asked,
  path: string,
  issues: Issue[],
): readonly Capture[] {
  return Object.entries(wishes).map(([name, wish]): Capture => {
    const at = under(path, [name])
    if (!identifierPattern.test(name) || name === 'setup') {
      issues.push({
        path: at,
        code: name === 'setup' ? 'reserved-name' : 'wrong-format',
        message: `The name ${show(name)} cannot be used in a template.`,
        hint: 'Begin with a letter and go on with letters, digits, _ and -; `setup` is taken.',
      })
    }
    const source = readSource(wish, asked, at, issues)
    const otherwise = 'default' in wish ? wish.default : undefined
    return otherwise === undefined ? { name, ...source } : { name, ...source, otherwise }
  })
}

function readSource(wish: CaptureWish, asked: Asked, path: string, issues: Issue[]): CaptureSource {
  if ('header' in wish) return { from: 'header', header: wish.header.toLowerCase() }
  if ('status' in wish) return { from: 'status' }
  if ('cookie' in wish) {
    if (asked.protocol === 'grpc')
      noText(under(path, ['cookie']), 'The answer to a gRPC call sets no cookies.', issues)
    return { from: 'cookie', cookie: wish.cookie }
  }
  const take = readTake(wish, path, issues)
  if ('json' in wish) {
    const at = under(path, ['json'])
    if (!asked.hasBody) noBody(at, issues)
    checkExpression(wish.json, at, issues)
    return { from: 'json', expression: wish.json, ...take }
  }
  if ('css' in wish) {
    const at = under(path, ['css'])
    if (!asked.hasBody) noBody(at, issues)
    if (asked.protocol === 'grpc') noText(at, 'A gRPC message is neither HTML nor XML.', issues)
    checkSelector(wish.css, at, issues)
    return { from: 'css', selector: wish.css, attribute: wish.attribute ?? null, ...take }
  }
  const at = under(path, ['regex'])
  if (!asked.hasBody) noBody(at, issues)
  if (asked.protocol === 'grpc') noText(at, 'A gRPC message is not text.', issues)
  checkPattern(wish.regex, wish.group ?? null, at, under(path, ['group']), issues)
  return { from: 'regex', pattern: wish.regex, group: wish.group ?? null, ...take }
}

function readTake(
  { index, all }: { readonly index?: number | 'random' | undefined; readonly all?: true | undefined },
  path: string,
  issues: Issue[],
): { readonly take?: Take } {
  if (index !== undefined && all !== undefined) {
    issues.push({
      path: under(path, ['all']),
      code: 'conflict',
      message: 'The capture asks for one match and for all of them.',
      hint: 'Keep `index` or `all`.',
    })
  }
  if (all !== undefined) return { take: 'all' }
  return index === undefined || index === 0 ? {} : { take: index }
}

export function checkSelector(selector: string, path: string, issues: Issue[]): void {
  const parsed = parseSelector(selector)
  if (!parsed.ok) issues.push({ path, code: 'wrong-expression', message: parsed.message, hint: parsed.hint })
}

export function checkExpression(expression: string, path: string, issues: Issue[]): void {
  const parsed = parseJsonPath(expression)
  if (!parsed.ok) issues.push({ path, code: 'wrong-expression', message: parsed.message, hint: parsed.hint })
}

/** `group`: null where none is named. */
export function checkPattern(
  pattern: string,
  group: number | null,
  path: string,
  groupPath: string,
  issues: Issue[],
): void {
  const problem = patternProblem(pattern)
  if (problem !== undefined) {
    issues.push({
      path,
      code: 'wrong-expression',
      message: `The regular expression ${show(pattern)} cannot be used: ${problem}.`,
      hint: 'Write RE2 syntax: no look-around, no back-references.',
    })
    return
  }
  const groups = groupsOf(pattern)
  if (group === null || group <= groups) return
  issues.push({
    path: groupPath,
    code: 'out-of-range',
    message: `The regular expression has ${groups === 0 ? 'no groups' : groups === 1 ? 'one group' : `${groups} groups`}, and group ${group} is asked for.`,
    hint: 'Groups are counted by their opening bracket, from 1; 0 is the whole match.',
  })
}
