import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import fc from 'fast-check'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { makeCertificates } from '../kit/certificates.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'

/** Answers 500 and repeats everything, as it is and encoded; in pieces that end within values, and over the 4 KiB that samples look at. */
async function startEcho() {
  const heard: string[] = []
  const server = createServer(async (request, response) => {
    const body = await textOf(request)
    const url = decodeURIComponent(request.url ?? '')
    const all = [request.url, url, request.rawHeaders.join('\n'), body].join('\n')
    heard.push(all)
    const echo = [
      all,
      JSON.stringify(all),
      encodeURIComponent(all),
      Buffer.from(all).toString('base64'),
      Buffer.from(all).toString('hex'),
    ].join('\n')
    response.writeHead(500, { 'x-echo': encodeURIComponent(url), 'content-type': 'text/plain' })
    for (let at = 0; at < echo.length; at += 37) response.write(echo.slice(at, at + 37))
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, heard, close: () => server.close() }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** By means of its own, not by those under test. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, '').slice(0, -1),
    bytes.toString('hex'),
    // What a cut may have left.
    value.slice(0, 12),
  ]
}

testWith('nats-server')(
  'secrets come to light nowhere: not in results, traces, logs of workers, on the bus, in what is kept, nor on the terminal; and a worker gives nothing of its own',
  async (t) => {
    t.timeout(120_000)
    const [echo, nats, folder] = await Promise.all([
      startEcho(),
      startNats({ jetstream: false }),
      makeTempDir(),
    ])
    t.teardown(async () => {
      echo.close()
      await nats.stop()
      await folder.remove()
    })
    const unit = fc.constantFrom(...'abcXYZ0189 /+=&"\'<>%\\éß€')
    const values = fc
      .sample(fc.string({ unit, minLength: 24, maxLength: 60 }), 4)
      .map((value, n) => `s${n}${value}e`)
    const [token = '', password = '', key = '', bearer = ''] = values
    await mkdir(join(folder.path, 'secrets', 'shop'), { recursive: true })
    for (const [name, value] of Object.entries({ password, key, bearer }))
      await writeFile(join(folder.path, 'secrets', 'shop', name), `${value}\n`)
    const file = join(folder.path, 'test.yaml')
    await writeFile(
      file,
      specText({
        target: `url: ${echo.url}\nheaders: { x-key: "\${key}" }\nauth: { basic: { user: ada, password: { secret: shop, key: password } } }`,
        targets: `other: { url: "${echo.url}", auth: { bearer: { secret: shop, key: bearer } } }`,
        variables: 'token: { env: SHOP_TOKEN }\nkey: { secret: shop, key: key }',
        scenarios: `- name: browse
  steps:
    - { post: "/p/\${token}?q=\${base64(key)}", query: { k: "\${key}" }, json: { t: "\${token}", j: "\${json(key)}" }, onError: continue }
    - { post: /form, form: { t: "\${token}" }, headers: { cookie: "sid=\${token}" }, onError: continue }
    - { post: /text, text: "\${token}\${token}\${token}\${key}\${base64(token)}\${urlencode(base64(key))}", check: { body: "= \${token}" }, onError: continue }
    - { get: /other, target: other, check: { status: 500, header: { x-echo: "= \${key}" } }, onError: continue }`,
        load: '- { phase: steady, rate: 5, duration: 1s }',
      }),
    )
    const own = 'worker-own-value-4711'
    const worker = await startWorkerProcess(nats.url, 'w1', {
      SHOP_TOKEN: own,
      BREAKWATER_SECRET_SHOP_KEY: own,
    })
    t.teardown(() => worker.stop())
    const out = join(folder.path, 'out')
    const listener = await connect({ servers: nats.url })
    const travelled: Uint8Array[] = []
    listener.subscribe('>', { callback: (_, { data }) => void travelled.push(data) })
    await listener.flush()
    t.teardown(() => listener.close())
    const data = join(folder.path, 'data')
    const env = { BREAKWATER_DATA: data, SHOP_TOKEN: token, BREAKWATER_SECRETS: join(folder.path, 'secrets') }
    const outputs: string[] = []
    const say = async (...args: string[]) => {
      const { code, stdout, stderr } = await breakwater(args, { env })
      outputs.push(stdout, stderr)
      return code
    }
    t.is(await say('run', file, '--nats', nats.url, '--out', out), 0, outputs.join('\n'))
    t.is(await say('run', file, '--once', '--trace'), 1)
    t.is(await say('run', file, '--once', '--trace', '--json'), 1)
    t.is(await say('plan', file), 0)
    t.is(await say('validate', file), 0)
    outputs.push(worker.output())
    await listener.flush()
    t.true(travelled.length > 20)
    for (const bytes of travelled) outputs.push(Buffer.from(bytes).toString('utf8'))
    for (const name of await readdir(data, { recursive: true, withFileTypes: true })) {
      if (name.isFile()) outputs.push((await readFile(join(name.parentPath, name.name))).toString('utf8'))
    }
    for (const name of await readdir(out)) outputs.push((await readFile(join(out, name))).toString('utf8'))

    // The target did get them: the submitter's, from a worker that has others.
    const heard = echo.heard.join('\n')
    t.true(heard.includes(JSON.stringify(token).slice(1, -1)))
    t.false(heard.includes(own))
    t.true(outputs.join('\n').includes('***'))
    for (const value of [...values, own]) {
      for (const form of formsOf(value))
        for (const output of outputs) t.false(output.includes(form), `${JSON.stringify(values)}: ${form}`)
    }
    const spec = await readFile(join(out, 'spec.yaml'), 'utf8')
    t.regex(spec, /secret: shop/)
    t.regex(spec, /sid=\$\{token\}/)
  },
)

testWith('nats-server')(
  'a private key that is a secret reaches the worker, and nobody who listens on the bus',
  async (t) => {
    const { ca, cert, key, client } = await makeCertificates()
    const [nats, folder] = await Promise.all([startNats({ jetstream: false }), makeTempDir()])
    const server = createHttps(
      { ca, cert, key, requestCert: true, rejectUnauthorized: true },
      (_, response) => response.end('ok'),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const worker = await startWorkerProcess(nats.url, 'w1')
    const listener = await connect({ servers: nats.url })
    t.teardown(async () => {
      await listener.close()
      await worker.stop()
      server.closeAllConnections()
      server.close()
      await nats.stop()
      await folder.remove()
    })
    const secrets = join(folder.path, 'secrets')
    await mkdir(join(secrets, 'mtls'), { recursive: true })
    for (const [name, pem] of Object.entries({ 'ca.crt': ca, 'tls.crt': client.cert, 'tls.key': client.key }))
      await writeFile(join(secrets, 'mtls', name), pem)
    const file = join(folder.path, 'test.yaml')
    const pem = (name: string) => `{ secret: mtls, key: ${name} }`
    await writeFile(
      file,
      specText({
        target: `{ url: "https://127.0.0.1:${port}", protocol: http1, tls: { ca: ${pem('ca.crt')}, cert: ${pem('tls.crt')}, key: ${pem('tls.key')} } }`,
        load: '- { phase: steady, rate: 10, duration: 1s }',
      }),
    )
    const travelled: Buffer[] = []
    listener.subscribe('>', { callback: (_, { data }) => void travelled.push(Buffer.from(data)) })
    await listener.flush()
    const words = [
      'run',
      file,
      '--nats',
      nats.url,
      '--secrets',
      secrets,
      '--json',
      '--quiet',
      '--out',
      join(folder.path, 'out'),
    ]
    const { code, stdout, stderr } = await breakwater(words, {
      env: { BREAKWATER_DATA: join(folder.path, 'data') },
    })
    t.is(code, 0, stderr)
    t.like(JSON.parse(stdout), { requests: { ok: 10, failed: 0 } })
    await listener.flush()
    const heard = Buffer.concat(travelled)
    t.true(heard.length > 1_000)
    const lines = client.key
      .toString()
      .split('\n')
      .filter((line) => line.length > 20 && !line.startsWith('-----'))
    t.true(lines.length > 0)
    for (const line of lines) t.false(heard.includes(line))
    t.false(heard.includes('PRIVATE KEY'))
  },
)
