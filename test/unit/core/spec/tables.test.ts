import test from 'ava'
import { matcherForms } from '../../../../core/spec/matcher-forms.ts'
import { readMatcher } from '../../../../core/spec/matcher-text.ts'
import { objectiveMetrics } from '../../../../core/spec/objective-metrics.ts'
import { readRule } from '../../../../core/spec/objective-rule.ts'
import { quantityUnits } from '../../../../core/spec/quantity-units.ts'
import type { MatcherWish } from '../../../../core/spec/schema-answer.ts'

test('the examples of quantities are read', (t) => {
  for (const { what, examples, read } of quantityUnits) {
    for (const example of examples) t.true(read(example).ok, `${what} ${example}`)
  }
})

test('the examples of objectives are rules about the metric that they stand for', (t) => {
  for (const { names, example } of objectiveMetrics) {
    const rule = readRule(example)
    t.true(rule.ok, example)
    const metric = /^\w+/.exec(example)?.[0] ?? ''
    t.true(names.includes(metric.replace(/p\d+$/, 'p')), `${names} ${metric}`)
  }
})

test('the short forms of matchers are read as what they are said to be', (t) => {
  for (const { write, op } of matcherForms) {
    t.is(readMatcher(write as MatcherWish, 'value', '', [])?.op, op, JSON.stringify(write))
  }
})
