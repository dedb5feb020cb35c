import type { Metric, Objective, ObjectiveLimit } from './load-test.ts'
import { nearest } from './nearest.ts'
import { readDuration, readPercent } from './quantity.ts'

/** One rule, read but not yet looked up in a test: `scope` is what stands before the `@`. */
export interface Rule {
  readonly that: string
  readonly metric: Metric
  readonly ok: boolean
  readonly scope: readonly string[]
  readonly phase: string | null
  readonly op: Objective['op']
  readonly limit: ObjectiveLimit
}

export type ReadRule =
  | { readonly ok: true; readonly rule: Rule }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint: string }

const metricNames = [
  'mean',
  'max',
  'error_rate',
  'rate',
  'checks',
  'p95',
  'iteration_p95',
  'ttfb_p95',
] as const
const grammar =
  'Write metric, scope, operator and limit: p95 < 1s, p99(checkout/pay@spike) < 800ms, error_rate < 1%.'

class RuleError extends Error {
  readonly code: string
  readonly hint: string

  constructor(code: string, message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/**
 *     objective = metric [ "(" selector ")" ] op limit          selector = "ok" | [ scope ] [ "@" phase ] [ ",ok" ]
 *     metric    = P | mean | max | error_rate | rate | checks | iteration_P | ttfb_P      P = "p" number (p50 … p99.9)
 *     scope     = scenario [ "/" step ]                          op = "<" | "<=" | ">" | ">="
 *     limit     = duration | percent [ "of planned" ] | number [ "/s" ]
 *
 * The first slash splits; names with `/ @ , ( ) "` in them are quoted, but for what follows the first slash, which may hold more slashes.
 */
export function readRule(text: string): ReadRule {
  try {
    return { ok: true, rule: new RuleReader(text).read() }
  } catch (error) {
    if (error instanceof RuleError)
      return { ok: false, code: error.code, message: error.message, hint: error.hint }
    throw error
  }
}

class RuleReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): Rule {
    this.#skipSpace()
    const metricText = this.#match(/[A-Za-z_][A-Za-z0-9_.]*/y)
    if (metricText === undefined) throw this.#syntax('begins with no metric')
    const metric = readMetric(metricText)
    this.#skipSpace()
    const selector = this.#text[this.#at] === '(' ? this.#selector() : { scope: [], phase: null, ok: false }
    this.#skipSpace()
    const op = this.#match(/<=|>=|<|>/y) as Objective['op'] | undefined
    if (op === undefined) {
      const found = this.#text.slice(this.#at, this.#at + 12)
      throw this.#syntax(
        found === '' ? 'has no operator' : `has ${JSON.stringify(found)} where an operator should be`,
        'Write <, <=, > or >= after the metric: p95 < 1s.',
      )
    }
    const limitText = this.#text.slice(this.#at).trim().replace(/\s+/g, ' ')
    const limit = readLimit(metricText, metric, limitText)
    checkSelector(metricText, metric, selector, limit)
    return {
      that: `${metricText}${selectorText(selector)} ${op} ${limitText}`,
      metric,
      ...selector,
      op,
      limit,
    }
  }

  #selector(): { scope: readonly string[]; phase: string | null; ok: boolean } {
    this.#at++
    const scope: string[] = []
    let phase: string | null = null
    let ok = false
    this.#skipSpace()
    const wasQuoted = this.#quoteHere()
    const first = this.#name(/[^/@,()"']+/y)
    if (first !== undefined) {
      scope.push(first)
      this.#skipSpace()
      if (this.#text[this.#at] === '/') {
        this.#at++
        this.#skipSpace()
        const second = this.#name(/[^@,()"']+/y)
        if (second === undefined)
          throw this.#syntax('names no step after the slash', 'Write scenario/step: p95(checkout/pay) < 1s.')
        scope.push(second)
      }
    }
    this.#skipSpace()
    if (this.#text[this.#at] === '@') {
      this.#at++
      this.#skipSpace()
      const name = this.#name(/[^,()"']+/y)
      if (name === undefined)
        throw this.#syntax('names no phase after the @', 'Write scope@phase, or @phase: p95(@spike) < 1s.')
      phase = name
      this.#skipSpace()
    }
    if (this.#text[this.#at] === ',') {
      this.#at++
      this.#skipSpace()
      if (this.#match(/ok(?=\s*\))/y) === undefined) {
        throw this.#syntax(
          'has something else than `ok` after the comma',
          'Write for example p95(browse,ok) < 1s.',
        )
      }
      ok = true
      this.#skipSpace()
    } else if (scope.length === 1 && scope[0] === 'ok' && !wasQuoted && phase === null) {
      scope.pop()
      ok = true
    }
    if (this.#text[this.#at] !== ')') {
      const found = this.#text[this.#at]
      throw this.#syntax(
        found === undefined ? 'does not close its bracket' : `has ${JSON.stringify(found)} among its scope`,
        'Put quotes around names with / @ , ( ) or quotes in them: p95(browse/"GET /a,b") < 1s.',
      )
    }
    this.#at++
    if (scope.length === 0 && phase === null && !ok)
      throw this.#syntax('has empty brackets', 'Leave them out.')
    return { scope, phase, ok }
  }

  #quoteHere(): boolean {
    return this.#text[this.#at] === '"' || this.#text[this.#at] === "'"
  }

  #name(bare: RegExp): string | undefined {
    if (!this.#quoteHere()) return this.#match(bare)?.trim() || undefined
    const quote = this.#text[this.#at++]
    let name = ''
    for (;;) {
      const character = this.#text[this.#at++]
      if (character === undefined) throw this.#syntax('does not close its quotes')
      if (character === quote) return name
      name += character === '\\' ? (this.#text[this.#at++] ?? '') : character
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipSpace(): void {
    this.#match(/\s+/y)
  }

  #syntax(problem: string, hint = grammar): RuleError {
    const shown = this.#text.length > 60 ? `${this.#text.slice(0, 57)}…` : this.#text
    return new RuleError('wrong-objective', `The objective \`${shown.trim()}\` ${problem}.`, hint)
  }
}

function readMetric(text: string): Metric {
  const percentile = /^(iteration_|ttfb_)?p(\d+(?:\.\d+)?)$/.exec(text)
  if (percentile !== null) {
    const p = Number(percentile[2])
    if (p < 50 || p > 99.9) {
      throw new RuleError(
        'out-of-range',
        `There is no metric \`${text}\`: percentiles go from p50 to p99.9.`,
        'Write for example p95 or p99.9.',
      )
    }
    const of = percentile[1] === 'iteration_' ? 'iteration' : percentile[1] === 'ttfb_' ? 'ttfb' : 'response'
    return { kind: 'percentile', p, of }
  }
  if (text === 'mean' || text === 'max' || text === 'error_rate' || text === 'rate' || text === 'checks')
    return { kind: text }
  const near = nearest(text, metricNames)
  throw new RuleError(
    'unknown-metric',
    `There is no metric \`${text.slice(0, 60)}\`.`,
    near === undefined
      ? 'The metrics are p50 to p99.9, mean, max, error_rate, rate, checks, iteration_p95, ttfb_p95.'
      : `Did you mean \`${near}\`?`,
  )
}

function readLimit(name: string, metric: Metric, text: string): ObjectiveLimit {
  const wrongUnit = (needs: string, hint: string): RuleError =>
    new RuleError(
      'wrong-unit',
      `The limit of \`${name}\` is ${JSON.stringify(text.slice(0, 40))}, which is not ${needs}.`,
      hint,
    )
  switch (metric.kind) {
    case 'percentile':
    case 'mean':
    case 'max': {
      const reading = readDuration(text)
      if (!reading.ok) throw wrongUnit('a duration with its unit', `Write a duration: ${name} < 500ms.`)
      if (reading.value === 0)
        throw new RuleError('out-of-range', 'No response takes no time at all.', 'Write a limit above 0.')
      return { unit: 'ms', value: reading.value }
    }
    case 'error_rate':
    case 'checks': {
      const reading = readPercent(text)
      if (reading.ok) return { unit: 'ratio', value: reading.value }
      if (reading.code === 'out-of-range') throw new RuleError(reading.code, reading.message, reading.hint)
      throw wrongUnit(
        'a percentage',
        `Write a percentage: ${metric.kind === 'checks' ? 'checks > 99%' : 'error_rate < 1%'}.`,
      )
    }
    case 'rate': {
      const planned = /^(.*%)\s*of planned$/.exec(text)
      if (planned !== null) {
        const reading = readPercent(planned[1])
        if (!reading.ok) throw new RuleError(reading.code, reading.message, reading.hint)
        return { unit: 'of planned', value: reading.value }
      }
      const perSecond = /^(\d{1,12}(?:\.\d{1,9})?)\s*(?:\/\s*s)?$/.exec(text)
      if (perSecond === null) throw wrongUnit('a rate', 'Write rate >= 98% of planned, or rate > 100/s.')
      return { unit: '/s', value: Number(perSecond[1]) }
    }
    default:
      return metric satisfies never
  }
}

function checkSelector(
  name: string,
  metric: Metric,
  selector: { readonly scope: readonly string[]; readonly ok: boolean },
  limit: ObjectiveLimit,
): void {
  const conflict = (message: string, hint: string): RuleError => new RuleError('conflict', message, hint)
  const ofIterations = metric.kind === 'percentile' && metric.of === 'iteration'
  const isLatency = ['percentile', 'mean', 'max'].includes(metric.kind) && !ofIterations
  if (selector.ok && !isLatency)
    throw conflict(`\`${name}\` is not about single responses, so \`ok\` says nothing.`, 'Leave `ok` out.')
  if (ofIterations && selector.scope.length > 1) {
    throw conflict(
      'An iteration is a whole pass through a scenario; a step has none.',
      `Write ${name}(${selector.scope[0]}).`,
    )
  }
  if (limit.unit === 'of planned' && selector.scope.length > 1) {
    throw conflict('The plan counts iterations; a step has no plan.', 'Leave the step out.')
  }
}

function selectorText(selector: {
  readonly scope: readonly string[]
  readonly phase: string | null
  readonly ok: boolean
}): string {
  const scope = selector.scope
    .map((name, index) => quoted(name, index === 0 ? /[/@,()"']|^ok$/ : /[@,()"']/))
    .join('/')
  const phase = selector.phase === null ? '' : `@${quoted(selector.phase, /[,()"']/)}`
  const text = `${scope}${phase}`
  if (text === '') return selector.ok ? '(ok)' : ''
  return `(${text}${selector.ok ? ',ok' : ''})`
}

/** As the reader takes it; the blanks around a bare name are none of its own. */
function quoted(name: string, odd: RegExp): string {
  return odd.test(name) || name.trim() !== name || name === '' ? `"${name.replace(/["\\]/g, '\\$&')}"` : name
}
