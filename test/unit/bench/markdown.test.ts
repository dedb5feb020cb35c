import test from 'ava'
import { markdownTable, withSection } from '../../../bench/markdown.ts'
import { spreadText } from '../../../bench/statistics.ts'

test('a table has its first row as the head, and figures to the right', (t) => {
  t.is(
    markdownTable([
      ['tool', 'CPU s'],
      ['a', '1'],
    ]),
    '| tool | CPU s |\n| --- | ---: |\n| a | 1 |',
  )
})

test('a figure is the median with the least and the most, or alone where there is one', (t) => {
  t.is(spreadText([30_000, 10_000, 20_000]), '20,000 (10,000 … 30,000)')
  t.is(spreadText([1, 2], 1), '1.5 (1.0 … 2.0)')
  t.is(spreadText([0.25], 2), '0.25')
})

test('the section of a bench is put behind the others, and replaced where it is there', (t) => {
  const first = withSection('', 'peers', '## Peers\n\nold')
  t.regex(first, /^# Benchmarks\n/)
  const both = withSection(first, 'pacing', '## Pacing')
  const renewed = withSection(both, 'peers', '## Peers\n\nnew')
  t.true(both.startsWith(first))
  t.is(renewed, both.replace('old', 'new'))
  t.is(renewed.match(/^## .*/gm)?.join(), '## Peers,## Pacing')
  t.is(withSection(renewed, 'peers', '## Peers\n\nnew'), renewed)
})
