import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../../core/spec/load-test.ts'
import { makeCertificates } from '../kit/certificates.ts'
import { runSpec } from '../kit/cluster.ts'
import { freePort } from '../kit/free-port.ts'
import { startNginx } from '../kit/nginx.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { startTinyproxy } from '../kit/tinyproxy.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const page: Readonly<Record<string, Json>> = { scenarios: [{ name: 'home', steps: [{ get: '/' }] }] }

testWith('nginx')('two replicas of one name get the same share of the connections', async (t) => {
  const first = await startNginx()
  t.teardown(first.remove)
  const second = await startNginx({ address: '127.0.0.2', port: first.port })
  t.teardown(second.remove)
  const { accounts } = await runSpec(
    {
      ...page,
      target: {
        url: `http://shop.test:${first.port}`,
        connections: { share: 'user' },
        dns: { hosts: { 'shop.test': ['127.0.0.1', '127.0.0.2'] } },
      },
      load: [{ phase: 'users', users: 8, iterations: 80 }],
    },
    { workers: 2 },
  )
  t.deepEqual(accounts.requests.errors, {})
  const logs = await Promise.all([first.accessLog(), second.accessLog()])
  t.deepEqual(
    logs.map((log) => new Set(log.map(({ connection }) => connection)).size),
    [4, 4],
    'each worker takes them in turn',
  )
  t.is(logs.flat().length, 80)
})

testWith('nginx')('a replica that joins later gets load where connections have a lifetime', async (t) => {
  const first = await startNginx()
  t.teardown(first.remove)
  const requests = async (lifetime: string) => {
    const running = runSpec({
      ...page,
      target: {
        url: `http://shop.test:${first.port}`,
        // Both are open before the second replica is there.
        connections: { lifetime, max: 2, warm: 2 },
        dns: { hosts: { 'shop.test': ['127.0.0.1', '127.0.0.2'] } },
      },
      load: [{ phase: 'steady', rate: 50, duration: '4s' }],
    })
    const before = (await first.accessLog()).length
    await until('the load has begun', async () => (await first.accessLog()).length > before + 20)
    const second = await startNginx({ address: '127.0.0.2', port: first.port })
    const { accounts } = await running
    t.deepEqual(accounts.requests.errors, {})
    const joined = (await second.accessLog()).length
    await second.remove()
    return joined
  }
  t.true((await requests('100ms')) > 20)
  t.is(await requests('1h'), 0)
})

testWith('nginx')('a target that wants a certificate of who calls is shown it', async (t) => {
  const certificates = await makeCertificates()
  const home = await makeTempDir()
  t.teardown(home.remove)
  const port = await freePort()
  for (const name of ['ca', 'cert', 'key'] as const)
    await writeFile(join(home.path, name), certificates[name])
  const nginx = await startNginx({
    server: `
      listen 127.0.0.1:${port} ssl http2;
      ssl_certificate ${home.path}/cert;
      ssl_certificate_key ${home.path}/key;
      ssl_client_certificate ${home.path}/ca;
      ssl_verify_client on;
      location = /who { return 200 $ssl_client_s_dn; }`,
  })
  t.teardown(nginx.remove)
  const files = {
    'ca.pem': certificates.ca,
    'client.pem': certificates.client.cert,
    'client.key': certificates.client.key,
  }
  const run = (protocol: string, tls: Readonly<Record<string, Json>>) =>
    runSpec(
      {
        target: { url: `https://localhost:${port}`, protocol, tls: { ca: { file: 'ca.pem' }, ...tls } },
        scenarios: [{ name: 'who', steps: [{ get: '/who', check: { body: 'CN=load' } }] }],
        load: [{ phase: 'users', users: 2, iterations: 10 }],
      },
      { files },
    )
  const shown = { cert: { file: 'client.pem' }, key: { file: 'client.key' } }
  for (const protocol of ['http1', 'http2']) {
    t.deepEqual((await run(protocol, shown)).accounts.requests.errors, {}, protocol)
    // nginx tells of it in an answer.
    const without = await run(protocol, {})
    t.deepEqual(without.accounts.requests.errors, { status_4xx: 10 }, protocol)
    t.regex(without.record.metrics.failures[0]?.response?.body ?? '', /No required SSL certificate was sent/)
  }
})

testWith('nginx', 'tinyproxy')('a load goes through a proxy, whose failure is told as its own', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const proxy = await startTinyproxy({ user: 'load', password: 'secret' })
  t.teardown(proxy.stop)
  const run = (auth: Readonly<Record<string, string>>) =>
    runSpec({
      ...page,
      target: { url: nginx.url, proxy: { url: proxy.url, auth } },
      // tinyproxy closes connections without a word; who is in no hurry notices.
      load: [{ phase: 'users', users: 3, pace: '50ms', iterations: 30 }],
    })
  const good = await run({ user: 'load', password: 'secret' })
  t.deepEqual(good.accounts.requests.errors, {})
  t.is((await nginx.accessLog()).length, 30)
  t.is((await proxy.requests()).filter((line) => line.startsWith(`GET ${nginx.url}/ `)).length, 30)
  const wrong = await run({ user: 'load', password: 'guessed' })
  t.deepEqual(wrong.accounts.requests.errors, { status_4xx: 30 })
  t.is((await nginx.accessLog()).length, 30)
  t.is(wrong.record.metrics.failures[0]?.response?.status, 401)
})
