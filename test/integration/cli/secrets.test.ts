import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { readSecrets } from '../../../cli/secrets.ts'
import type { BreakwaterError } from '../../../core/error.ts'
import type { PlacedReference } from '../../../core/spec/references.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'

const folder = await makeTempDir()
test.after.always(() => folder.remove())
const at = (...parts: string[]) => join(folder.path, ...parts)

const reference = (secret: string, key: string): PlacedReference => ({
  reference: { kind: 'secret', secret, key },
  path: '',
})
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)

test.before(async () => {
  // As kubelet lays a secret out: the keys are links into a folder that is swapped as a whole.
  await mkdir(at('mounted', 'shop', '..2026_01_01'), { recursive: true })
  await writeFile(at('mounted', 'shop', '..2026_01_01', 'token'), 'from-file\n')
  await symlink('..2026_01_01', at('mounted', 'shop', '..data'))
  await symlink('..data/token', at('mounted', 'shop', 'token'))
  await writeFile(at('outside'), 'nobody may read this')
})

test('a folder as Kubernetes mounts it wins over the environment, which has what the folder lacks', async (t) => {
  const environment = {
    BREAKWATER_SECRET_SHOP_TOKEN: 'from-environment',
    BREAKWATER_SECRET_SHOP_ID: 'id-from-environment',
    BREAKWATER_SECRET_SHOP_EMPTY: '',
  }
  const named = [
    reference('shop', 'token'),
    reference('shop', 'id'),
    reference('shop', 'empty'),
    reference('shop', 'none'),
  ]
  const secret = await readSecrets(named, { folder: at('mounted'), environment })
  t.is(text(secret('shop', 'token')), 'from-file\n')
  t.is(text(secret('shop', 'id')), 'id-from-environment')
  t.is(text(secret('shop', 'empty')), '')
  t.is(secret('shop', 'none'), undefined)
  const without = await readSecrets(named, { folder: null, environment })
  t.is(text(without('shop', 'token')), 'from-environment')
})

test('no name leads out of the folder', async (t) => {
  const named = [reference('..', 'outside'), reference('shop', '../../outside'), reference('shop', '..')]
  const secret = await readSecrets(named, { folder: at('mounted'), environment: {} })
  for (const { reference: wanted } of named)
    t.is(wanted.kind === 'secret' ? secret(wanted.secret, wanted.key) : null, undefined)
})

test('a folder that is none, and a key that cannot be read, are told with a remedy', async (t) => {
  await mkdir(at('odd', 'shop', 'folder'), { recursive: true })
  await writeFile(at('odd', 'shop', 'large'), 'x'.repeat(1024 * 1024 + 1))
  const read = (root: string, ...named: PlacedReference[]) =>
    t.throwsAsync<BreakwaterError>(readSecrets(named, { folder: root, environment: {} }))
  t.regex((await read(at('nowhere'))).message, /nowhere does not exist/)
  t.like(await read(at('outside')), { code: 'usage' })
  t.like(await read(at('odd'), reference('shop', 'folder')), { code: 'file-unreadable' })
  t.like(await read(at('odd'), reference('shop', 'large')), { code: 'file-unreadable' })
})
