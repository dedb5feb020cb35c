import test from 'ava'
import { completeLoadTest } from '../../../../core/spec/complete.ts'
import type { Parsed } from '../../../../core/spec/issue.ts'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { resolveReferences } from '../../../../core/spec/resolve.ts'
import { type MalformedFile, malformedFiles, specText } from '../../../kit/malformed-files.ts'

const nothing = { environment: {}, secret: () => undefined }

function issuesOf({ text, found }: MalformedFile): Parsed<unknown> {
  const parsed = parseLoadTestText(text)
  if (!parsed.ok || found === 'parse') return parsed
  return found === 'files' ? completeLoadTest(parsed.value, {}) : resolveReferences(parsed.value, nothing, {})
}

for (const file of malformedFiles) {
  test(`a file with ${file.title} is refused with every issue named`, (t) => {
    const parsed = issuesOf(file)
    if (parsed.ok) return t.fail('was accepted')
    t.deepEqual(
      parsed.issues.map(({ path, code }) => [path, code]),
      file.issues as unknown[],
      renderIssues(parsed.issues, 'test.yaml'),
    )
    for (const { message, hint, line, column } of parsed.issues) {
      t.regex(message, /^[^\n]+[.!?)…]$/)
      t.true(message.length < 300 && hint.length > 0, message)
      if (file.found === 'parse') t.true((line ?? 0) >= 1 && (column ?? 0) >= 1)
    }
  })
}

test('the sound file that the malformed ones are made from is accepted', (t) => {
  const parsed = parseLoadTestText(specText())
  t.true(parsed.ok, parsed.ok ? '' : renderIssues(parsed.issues, 'test.yaml'))
})

test('at least 40 malformed files are known, each under a title of its own', (t) => {
  t.true(malformedFiles.length >= 40)
  t.is(new Set(malformedFiles.map(({ title }) => title)).size, malformedFiles.length)
})
