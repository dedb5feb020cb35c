import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { makeFolder, writeNewFile } from '../../../cli/new-file.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'

const folder = await makeTempDir()
const at = (name: string) => join(folder.path, name)
test.after.always(() => folder.remove())

test('a folder is made with those above it, and the uppermost new one is named', async (t) => {
  t.is(await makeFolder(at('a/b/c')), at('a'))
  t.true((await stat(at('a/b/c'))).isDirectory())
  t.is(await makeFolder(at('a/b/d')), at('a/b/d'))
  t.is(await makeFolder(at('a/b/c')), undefined)
})

test('a file in the way of a folder is an error', async (t) => {
  await writeFile(at('file'), '')
  await t.throwsAsync(makeFolder(at('file')), { code: 'EEXIST' })
  await t.throwsAsync(makeFolder(at('file/below')), { code: 'ENOTDIR' })
})

// recursive mkdir of node:fs never returns from there.
const onLinux = process.platform === 'linux' ? test : test.skip
onLinux('a folder that takes no new ones is an error, not an endless attempt', async (t) => {
  await t.throwsAsync(makeFolder('/proc/breakwater/results'), { code: 'ENOENT' })
})

test('what cannot be written says why in words', async (t) => {
  await writeFile(at('plain'), '')
  await t.throwsAsync(writeNewFile(at('plain/test.yaml'), ''), {
    message: `${at('plain')} cannot be written: it is a file, not a folder (EEXIST)`,
  })
})
