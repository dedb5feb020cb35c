import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import test from 'ava'
import { Client } from 'undici'
import { launchChromium } from '../kit/chromium.ts'
import { freePort } from '../kit/free-port.ts'
import { startNats } from '../kit/nats.ts'
import { startNginx } from '../kit/nginx.ts'
import { startProgram } from '../kit/program.ts'
import { runPython, startPython } from '../kit/python.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

testWith('nats-server')('nats-server keeps a stream across a kill and a restart', async (t) => {
  const nats = await startNats()
  t.teardown(nats.stop)
  const before = await connect({ servers: nats.url })
  const manager = await jetstreamManager(before)
  await manager.streams.add({ name: 'kept', subjects: ['kept.*'] })
  await jetstream(before).publish('kept.one', 'hello')
  const firstPid = nats.pid()
  await before.close()

  await nats.kill()
  await t.throwsAsync(connect({ servers: nats.url, reconnect: false }))
  await nats.restart()

  t.not(nats.pid(), firstPid)
  const after = await connect({ servers: nats.url })
  t.teardown(() => after.close())
  const message = await (await jetstreamManager(after)).streams.getMessage('kept', { seq: 1 })
  t.is(message?.string(), 'hello')
})

testWith('nats-server')('a stopped nats-server is gone, and so is its storage', async (t) => {
  const nats = await startNats({ jetstream: false })
  const pid = nats.pid()
  await nats.stop()
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

testWith('nginx')('the access log holds every answered request, at once and after a stop', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  await writeFile(join(nginx.folder, 'hello.txt'), 'hello')
  const paths = ['/', '/status/503', '/status/204', '/static/hello.txt?a=b c', '/nowhere']
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => fetch(`${nginx.url}${paths[index % paths.length]}`)),
  )
  t.deepEqual(
    answers.slice(0, 5).map((answer) => answer.status),
    [200, 503, 204, 200, 200],
  )
  t.is(await answers[3]?.text(), 'hello')
  const live = await nginx.accessLog()
  t.is(live.length, 200)
  t.is(live.filter((request) => request.status === 503).length, 40)

  const abandoned = connectTcp(nginx.port, '127.0.0.1')
  await new Promise<void>((resolve) =>
    abandoned.write('GET /last HTTP/1.1\r\nHost: a\r\n\r\n', () => resolve()),
  )
  await until('the last answer came', () => abandoned.bytesRead > 0)
  abandoned.destroy()
  await nginx.stop()
  const whole = await nginx.accessLog()
  t.is(whole.length, 201)
  t.is(whole.at(-1)?.path, '/last')
  t.throws(() => process.kill(nginx.pid, 0), { code: 'ESRCH' })
})

testWith('nginx')('nginx closes a connection after as many requests as it was told', async (t) => {
  const nginx = await startNginx({ keepaliveRequests: 2, server: `location = /own { return 299 'mine'; }` })
  t.teardown(nginx.remove)
  const client = new Client(nginx.url)
  t.teardown(() => client.close())
  for (let count = 0; count < 6; count++) {
    const answer = await client.request({ path: '/own', method: 'GET' })
    t.is(answer.statusCode, 299)
    t.is(await answer.body.text(), 'mine')
  }
  const log = await nginx.accessLog()
  t.deepEqual(
    log.map((request) => request.connectionRequests),
    [1, 2, 1, 2, 1, 2],
  )
})

testWith('chromium')('Chromium renders a page', async (t) => {
  const browser = await launchChromium()
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  await page.setContent('<title>harbour</title><h1>calm</h1>')
  t.is(await page.title(), 'harbour')
  t.is(await page.textContent('h1'), 'calm')
})

testWith('python')('the Python peers record a histogram and know gRPC', async (t) => {
  const said = await runPython(
    `
import sys, grpc, grpc_tools, grpc_reflection
from hdrh.histogram import HdrHistogram
histogram = HdrHistogram(1, 3600000000, 3)
for line in sys.stdin: histogram.record_value(int(line))
print(histogram.get_value_at_percentile(50), sys.argv[1])
`,
    { args: ['µs'], input: '1\n2\n3\n' },
  )
  t.is(said, '2 µs\n')
  await t.throwsAsync(runPython('raise SystemExit("no")'), { message: /no/ })
})

testWith('python')('a Python server says when it is ready, and ends when told', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const file = join(folder.path, 'server.py')
  await writeFile(file, `import time\nprint('ready')\ntime.sleep(600)\n`)
  const server = await startPython(file)
  t.teardown(server.stop)
  await until('the server is ready', () => server.output().includes('ready'))
  t.is(await server.stop(), 'SIGTERM')
  t.false(server.isRunning())
})

test('a program that deafens itself is ended all the same', async (t) => {
  const deaf = `process.on('SIGTERM', () => console.log('pardon?')); setInterval(() => 0, 1000); console.log('on')`
  const program = await startProgram(process.execPath, ['-e', deaf])
  await until('it runs', () => program.output().includes('on'))
  t.is(await program.stop('SIGTERM', 100), 'SIGKILL')
  t.true(program.output().includes('pardon?'))
})

test('a missing program is an error with its name', async (t) => {
  await t.throwsAsync(startProgram('no-such-program', []), { message: /no-such-program/ })
})

test('until gives up and says what it waited for, with the last reason', async (t) => {
  const error = await t.throwsAsync(
    until('the tide turns', () => Promise.reject(new Error('still ebbing')), { withinMs: 30 }),
  )
  t.true(error?.message.startsWith('the tide turns'))
  t.like(error?.cause, { message: 'still ebbing' })
})

test('a free port can be listened on, and a temporary folder goes away', async (t) => {
  t.true((await freePort()) > 0)
  const folder = await makeTempDir()
  t.true(existsSync(folder.path))
  await folder.remove()
  t.false(existsSync(folder.path))
})
