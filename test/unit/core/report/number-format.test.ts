import test from 'ava'
import {
  bytes,
  clock,
  instant,
  longTime,
  milliseconds,
  none,
  percent,
  perSecond,
  quantity,
  time,
} from '../../../../core/report/number-format.ts'

const table: readonly (readonly [title: string, got: string, wanted: string])[] = [
  ['nothing', time(null), none],
  ['zero', time(0), '0 ms'],
  ['a microsecond', time(0.001), '0.001 ms'],
  ['below a millisecond', time(0.4213), '0.42 ms'],
  ['a few milliseconds', time(4.2071), '4.21 ms'],
  ['tens of milliseconds', time(42.07), '42.1 ms'],
  ['hundreds of milliseconds', time(212.4), '212 ms'],
  ['what would round to 1,000 ms', time(999.7), '1 s'],
  ['seconds', time(1240), '1.24 s'],
  ['tens of seconds', time(12_440), '12.4 s'],
  ['what would round to 60 s', time(59_980), '1 min'],
  ['minutes', time(125_000), '2 min 5 s'],
  ['whole hours', longTime(7200), '2 h'],
  ['days', longTime(90_061), '1 d 1 h'],
  ['a fraction of a second', longTime(0.46), '0.5 s'],
  ['milliseconds in a column', milliseconds(1240.2), '1,240'],
  ['small milliseconds in a column', milliseconds(0.4213), '0.42'],
  ['no percentage', percent(null), none],
  ['none of it', percent(0), '0 %'],
  ['very little is not nothing', percent(0.0000667), '0.0067 %'],
  ['little', percent(0.0123), '1.23 %'],
  ['much', percent(0.98712), '98.7 %'],
  ['almost all is not all', percent(0.99995), '99.995 %'],
  ['almost all of a million', percent(0.999999), '99.9999 %'],
  ['all', percent(1), '100 %'],
  ['more than all', percent(1.115), '111.5 %'],
  ['a small rate', perSecond(0.1667), '0.17'],
  ['a middling rate', perSecond(98.73), '98.7'],
  ['a large rate', perSecond(1_204_567.4), '1,204,567'],
  ['bytes', bytes(812), '812 B'],
  ['mebibytes', bytes(1.2 * 2 ** 20), '1.2 MiB'],
  ['the start of the axis', clock(0), '0:00'],
  ['minutes on the axis', clock(750), '12:30'],
  ['hours on the axis', clock(3723), '1:02:03'],
  ['an instant', instant('2026-07-12T09:41:07.123Z'), '2026-07-12 09:41:07 UTC'],
  ['milliseconds of a rule', quantity(5, 'ms'), '5 ms'],
  ['a share', quantity(0.01, 'ratio'), '1 %'],
  ['a rate with its unit', quantity(1250, '/s'), '1,250/s'],
  ['a unit of its own', quantity(299, 'samples'), '299 samples'],
  ['no unit', quantity(3, ''), '3'],
]

for (const [title, got, wanted] of table) {
  test(`${title} reads ${wanted}`, (t) => {
    t.is(got, wanted)
  })
}
