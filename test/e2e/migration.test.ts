import { globSync } from 'node:fs'
import test from 'ava'
import { loadTestText } from '../../cli/spec-source.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import { makeCertificates } from '../kit/certificates.ts'
import { constructsOf, loadTestWith } from '../kit/construct.ts'
import { root, writeExampleFiles } from '../kit/guide.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const surroundings = {
  environment: { API_TOKEN: 'a-token', BREAKWATER_SECRET_SHOP_TOKEN: 'a-token' },
  secretsFolder: null,
  unset: 'refuse',
} as const

for (const page of globSync('docs/guide/migrate-from-*.md', { cwd: root }).sort()) {
  test(`every construct in the table of ${page} is valid where it belongs`, async (t) => {
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    await writeExampleFiles(folder.path, await makeCertificates())
    const constructs = constructsOf(page)
    t.true(constructs.length > 20)
    const problems: string[] = []
    for (const { at, code } of constructs) {
      const text = loadTestWith(code)
      if (text === null) problems.push(`${at}: where does \`${code}\` belong?`)
      else {
        try {
          const { test: loadTest, files } = await loadTestText(text, code, folder.path, surroundings, {})
          compileTest(loadTest, files, Date.now)
        } catch (error) {
          problems.push(`${at}: \`${code}\`: ${error instanceof Error ? error.message : error}`)
        }
      }
    }
    t.deepEqual(problems, [])
  })
}
