import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openRunQueue } from '../../../../worker/engine/run-queue.ts'
import { makeTempDir } from '../../../kit/temp-dir.ts'

test('the time in the run queue is read each time anew, also where its file cannot be opened any more', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const file = join(folder.path, 'schedstat')
  await writeFile(file, '5000000 2500000 12\n')
  const queue = openRunQueue(file)
  t.is(queue.waitedMs(), 2.5)
  await writeFile(file, '5000000 12500000 13\n')
  await rm(file)
  t.is(queue.waitedMs(), 12.5)
  queue.close()
  t.is(queue.waitedMs(), 0)
})

test('where nobody tells, nothing was waited', (t) => {
  t.is(openRunQueue('/nowhere/schedstat').waitedMs(), 0)
})

const testOnLinux = existsSync('/proc/thread-self/schedstat') ? test : test.skip

testOnLinux('the kernel tells it of the calling thread', (t) => {
  const queue = openRunQueue()
  const before = queue.waitedMs()
  t.true(before >= 0)
  t.true(queue.waitedMs() >= before)
  queue.close()
})
