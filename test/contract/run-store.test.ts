import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { HeldRun, RunChange, RunStore } from '../../controller/store/run-store.ts'
import { createSqliteRunStore } from '../../controller/store/sqlite-run-store.ts'
import { BreakwaterError, type ErrorCode } from '../../core/error.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { until } from '../kit/until.ts'

interface Implementation {
  readonly name: string
  /** A store with nothing in it; called again, another one on the same place. */
  readonly place: (t: ExecutionContext) => Promise<() => RunStore>
}

const implementations: readonly Implementation[] = [
  {
    name: 'SQLite',
    async place(t) {
      const folder = await makeTempDir()
      t.teardown(folder.remove)
      return () => createSqliteRunStore(join(folder.path, 'data'))
    },
  },
]

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const wanted = (run = '01A') => ({ run, name: 'shop', submission: '{"source":"shop.yaml"}' })
const nothing: RunChange = { parts: new Map(), snapshots: [], events: [], isCompact: false }

async function refused(t: ExecutionContext, code: ErrorCode, act: () => Promise<HeldRun>): Promise<void> {
  const error = await t.throwsAsync(act, { instanceOf: BreakwaterError })
  t.is(error.code, code)
  t.truthy(error.hint)
}

for (const { name, place } of implementations) {
  const contract = (
    title: string,
    check: (t: ExecutionContext, open: () => RunStore) => Promise<void>,
  ): void => {
    test(`${name}: ${title}`, async (t) => check(t, await place(t)))
  }

  contract(
    'what was committed is there for whoever takes the run up, in the order it came',
    async (t, open) => {
      const first = await open().create(wanted())
      t.is(first.term, 1)
      await first.commit({ ...nothing, parts: new Map([['state', bytes('1')]]), events: ['e1'] })
      await first.commit({ ...nothing, snapshots: [bytes('s1'), bytes('s2')] })
      await first.commit({
        ...nothing,
        parts: new Map([
          ['state', bytes('2')],
          ['second/0', bytes('')],
        ]),
        snapshots: [bytes('s3')],
        events: ['e2'],
      })
      await first.close()
      const second = await open().take('01A')
      t.like(second, { ...wanted(), term: 2 })
      const { parts, snapshots, events } = await second.load()
      t.deepEqual(
        Object.fromEntries([...parts].map(([part, value]) => [part, new TextDecoder().decode(value)])),
        { state: '2', 'second/0': '' },
      )
      t.deepEqual(
        snapshots.map((snapshot) => new TextDecoder().decode(snapshot)),
        ['s1', 's2', 's3'],
      )
      t.deepEqual(events, ['e1', 'e2'])
      await second.close()
      const third = await open().take('latest')
      t.is(third.term, 3)
      await third.raise(7)
      await third.raise(5)
      await third.close()
      const fourth = await open().take('01A')
      t.is(fourth.term, 8, 'leases have counted further')
      await fourth.close()
    },
  )

  contract('a compact commit takes the place of all snapshots so far', async (t, open) => {
    const held = await open().create(wanted())
    await held.commit({ ...nothing, snapshots: [bytes('s1')] })
    await held.commit({ ...nothing, parts: new Map([['sums', bytes('s1')]]), isCompact: true })
    await held.commit({ ...nothing, snapshots: [bytes('s2')] })
    const { parts, snapshots } = await held.load()
    t.deepEqual([...parts.keys()], ['sums'])
    t.deepEqual(snapshots.map(String), [String(bytes('s2'))])
    await held.close()
  })

  contract('one at a time holds a run', async (t, open) => {
    const held = await open().create(wanted())
    await refused(t, 'run-controlled', () => open().take('01A'))
    await refused(t, 'run-controlled', () => open().take('latest'))
    // Another run is nobody's business.
    const other = await open().create(wanted('01B'))
    await other.close()
    await held.close()
    const [one, two] = await Promise.allSettled([open().take('01A'), open().take('01A')])
    const won = [one, two].filter((attempt) => attempt.status === 'fulfilled')
    t.is(won.length, 1)
    await won[0]?.value.close()
  })

  contract('`latest` is the newest that is not finished', async (t, open) => {
    await refused(t, 'unknown-run', () => open().take('latest'))
    for (const run of ['01A', '01C', '01B']) await (await open().create(wanted(run))).close()
    const newest = await open().take('latest')
    t.is(newest.run, '01C')
    await newest.finish()
    const next = await open().take('latest')
    t.is(next.run, '01B')
    await next.close()
  })

  contract('a finished run cannot be taken up, and one that was discarded never was', async (t, open) => {
    await (await open().create(wanted('01A'))).finish()
    await refused(t, 'run-finished', () => open().take('01A'))
    await (await open().create(wanted('01B'))).discard()
    await refused(t, 'unknown-run', () => open().take('01B'))
    await refused(t, 'unknown-run', () => open().take('latest'))
    for (const name of ['01Z', '../01A', '', 'a b']) await refused(t, 'unknown-run', () => open().take(name))
  })
}

const holder = `
import { createSqliteRunStore } from ${JSON.stringify(new URL('../../controller/store/sqlite-run-store.ts', import.meta.url).href)}
const [folder, count] = process.argv.slice(2)
const held = await createSqliteRunStore(folder).create({ run: '01A', name: 'n', submission: '{}' })
for (let n = 1; n <= Number(count); n++) {
  await held.commit({ parts: new Map([['n', Buffer.from(String(n))]]), snapshots: [Buffer.from(String(n))], events: [], isCompact: false })
  process.stdout.write(n + '\\n')
}
setInterval(() => {}, 1000)
`

test('SQLite: a process that is killed gives its run free, and what it said was kept is kept', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const script = join(folder.path, 'holder.mjs')
  await writeFile(script, holder)
  const data = join(folder.path, 'data')
  const child = spawn(process.execPath, [script, data, '1000000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  await until('it keeps', () => said.split('\n').length > 50)
  await refused(t, 'run-controlled', () => createSqliteRunStore(data).take('latest'))
  child.kill('SIGKILL')
  await once(child, 'close')
  const promised = Number(said.trimEnd().split('\n').at(-1))
  const held = await createSqliteRunStore(data).take('latest')
  const { parts, snapshots } = await held.load()
  const kept = Number(Buffer.from(parts.get('n') ?? []).toString())
  t.true(kept >= promised, `${kept} of ${promised}`)
  t.is(snapshots.length, kept, 'a commit is there as a whole')
  await held.close()
})

test('SQLite: nobody else can read what is kept, and nothing secret is left of a finished run', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const data = join(folder.path, 'data')
  const held = await createSqliteRunStore(data).create({ run: '01A', name: 'n', submission: '"geheim-1"' })
  await held.commit({ ...nothing, parts: new Map([['state', bytes('geheim-2')]]), events: ['geheim-3'] })
  const runs = join(data, 'runs')
  t.is((await stat(runs)).mode & 0o777, 0o700)
  for (const name of await readdir(runs)) t.is((await stat(join(runs, name))).mode & 0o777, 0o600, name)
  await held.finish()
  const left = await readdir(runs)
  t.deepEqual(left, ['01A.sqlite'])
  t.false((await readFile(join(runs, '01A.sqlite'))).includes('geheim'))
})

test('SQLite: a file that holds no run is told, and does not stand in the way of the runs beside it', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const data = join(folder.path, 'data')
  await (await createSqliteRunStore(data).create(wanted('01A'))).close()
  await writeFile(join(data, 'runs', '01B.sqlite'), 'x'.repeat(8192))
  await refused(t, 'store-unusable', () => createSqliteRunStore(data).take('01B'))
  // Whoever began it died before it wrote anything.
  await writeFile(join(data, 'runs', '01C.sqlite'), '')
  await refused(t, 'unknown-run', () => createSqliteRunStore(data).take('01C'))
  const held = await createSqliteRunStore(data).take('01A')
  await held.close()
  if (process.getuid?.() === 0) return
  await chmod(join(data, 'runs'), 0o500)
  await refused(t, 'store-unusable', () => createSqliteRunStore(data).create(wanted('01D')))
  await chmod(join(data, 'runs'), 0o700)
})

test('SQLite: of many finished runs the oldest are forgotten', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const data = join(folder.path, 'data')
  const store = createSqliteRunStore(data)
  const number = (n: number) => `01${String(n).padStart(4, '0')}`
  const unfinished = await store.create(wanted(number(0)))
  await unfinished.close()
  for (let n = 1; n <= 120; n++) await (await store.create(wanted(number(n)))).finish()
  const left = await readdir(join(data, 'runs'))
  t.true(left.length <= 102, `${left.length} are left`)
  t.true(left.includes(`${number(0)}.sqlite`), 'one that is not finished stays')
  t.true(left.includes(`${number(120)}.sqlite`))
})
