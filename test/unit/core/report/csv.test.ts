import test from 'ava'
import fc from 'fast-check'
import { csvLine } from '../../../../core/report/csv.ts'

const cells: readonly (readonly [cell: string | number | null, written: string])[] = [
  [null, ''],
  [-1.5, '-1.5'],
  ['GET /', 'GET /'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@sum', "'@sum"],
  ['\t=1', "'\t=1"],
  ['=a,b', '"\'=a,b"'],
]

for (const [cell, written] of cells) {
  test(`${JSON.stringify(cell)} is written ${JSON.stringify(written)}`, (t) => {
    t.is(csvLine([cell, 'x']), `${written},x\n`)
  })
}

test('a reader of CSV finds as many cells as were written, and no formula', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (written) => {
      const read = parseLine(csvLine(written))
      return read.length === written.length && read.every((cell) => !/^[=+\-@\t\r\n]/.test(cell))
    }),
  )
  t.pass()
})

/** RFC 4180, one record. */
function parseLine(line: string): string[] {
  const found: string[] = []
  let at = 0
  while (at < line.length) {
    if (line[at] === '"') {
      let text = ''
      for (at++; ; at++) {
        if (line[at] !== '"') text += line[at]
        else if (line[at + 1] === '"') text += line[at++]
        else break
      }
      found.push(text)
      at += 2
    } else {
      const end = line.slice(at).search(/[,\n]/)
      found.push(line.slice(at, at + end))
      at += end + 1
    }
  }
  return found
}
