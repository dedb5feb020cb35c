import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { DirectWriter } from '../../../worker/transport/http1/direct-writer.ts'
import { until } from '../../kit/until.ts'

/** A connection of two sockets of this process. */
async function pair(t: ExecutionContext): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ]
  t.teardown(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return { near, far }
}

/** 1 MB each, no two alike. */
const blocks = Array.from({ length: 20 }, (_, n) => Buffer.alloc(1_000_000, `block ${n} `))
const digest = (chunks: readonly Buffer[]) => createHash('sha256').update(Buffer.concat(chunks)).digest('hex')

test('everything arrives in its order, however slow the other side reads', async (t) => {
  const { near, far } = await pair(t)
  const writer = new DirectWriter(near)
  writer.write(Buffer.from('first '))
  await until('the kernel has it', () => writer.isDrained)
  for (const block of blocks) writer.write(block)
  t.false(writer.isDrained, 'the other side reads nothing yet')
  // By way of the stream in between, as a body of pieces goes.
  near.write('pieces ')
  writer.write(Buffer.from('last'))
  const expected = [Buffer.from('first '), ...blocks, Buffer.from('pieces last')]
  const wanted = expected.reduce((sum, { length }) => sum + length, 0)
  const chunks: Buffer[] = []
  far.on('data', (chunk: Buffer) => chunks.push(chunk))
  far.resume()
  await until('all has come', () => chunks.reduce((sum, { length }) => sum + length, 0) >= wanted)
  t.is(digest(chunks), digest(expected))
  await until('nothing waits', () => writer.isDrained)
})

test('many small writes are one after the other, and none is lost', async (t) => {
  const { near, far } = await pair(t)
  const writer = new DirectWriter(near)
  let text = ''
  far.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  far.resume()
  const expected = Array.from({ length: 5_000 }, (_, n) => `${n};`)
  for (const piece of expected) writer.write(Buffer.from(piece))
  await until('all has come', () => text.length >= expected.join('').length)
  t.is(text, expected.join(''))
})

test('a write that fails is an error of the socket, at once or when it was under way', async (t) => {
  for (const isUnderWay of [false, true]) {
    const { near, far } = await pair(t)
    const writer = new DirectWriter(near)
    writer.write(Buffer.from('first'))
    if (isUnderWay) for (const block of blocks) writer.write(block)
    const failed = once(near, 'error')
    far.resetAndDestroy()
    const writing = setInterval(() => !near.destroyed && writer.write(Buffer.from('more')), 1)
    const [error] = (await failed) as [NodeJS.ErrnoException]
    clearInterval(writing)
    t.true(['ECONNRESET', 'EPIPE'].includes(error.code ?? ''), error.message)
    t.true(near.destroyed)
    t.notThrows(() => writer.write(Buffer.from('too late')))
  }
})
