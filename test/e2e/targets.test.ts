import type { Json } from '../../core/spec/load-test.ts'
import { runSpec } from '../kit/cluster.ts'
import { shopFiles, startGrpcShop } from '../kit/grpc-shop.ts'
import { startNginx } from '../kit/nginx.ts'
import { testWith } from '../kit/tools.ts'

const call = { grpc: 'shop.v1.Cart/Add', message: { id: 1 } }

testWith('nginx')(
  'each step goes to its target, by HTTP or gRPC, and every server counts its own',
  async (t) => {
    const [shop, media] = await Promise.all([startNginx(), startNginx()])
    t.teardown(shop.remove)
    t.teardown(media.remove)
    const cart = await startGrpcShop()
    t.teardown(cart.stop)
    const spec: Readonly<Record<string, Json>> = {
      target: {
        url: shop.url,
        grpc: { url: `grpc://127.0.0.1:${cart.port}`, protos: ['shop.proto'] },
      },
      targets: { media: { url: `${media.url}/status`, connections: { max: 1 } } },
      scenarios: [
        {
          name: 'browse',
          onStart: [{ get: '/' }],
          steps: [
            { get: '/static/none', name: 'page', check: { status: 404 } },
            call,
            { get: '/200', target: 'media' },
            { get: '/503', target: 'media', name: 'broken', onError: 'continue' },
            { ...call, name: 'again' },
          ],
        },
      ],
      load: [{ phase: 'users', users: 4, iterations: 100 }],
    }
    const { accounts, record } = await runSpec(spec, { files: shopFiles, threads: 2 })

    t.is(accounts.iterations.failed, 100)
    t.deepEqual(accounts.requests.errors, { status_5xx: 100 })
    const paths = (log: readonly { readonly path: string }[]) =>
      Object.fromEntries([...Map.groupBy(log, ({ path }) => path)].map(([path, all]) => [path, all.length]))
    t.deepEqual(paths(await shop.accessLog()), { '/': 4, '/static/none': 100 })
    const mediaLog = await media.accessLog()
    t.deepEqual(paths(mediaLog), { '/status/200': 100, '/status/503': 100 })
    t.is(new Set(mediaLog.map(({ connection }) => connection)).size, 2, 'one connection for each thread')
    t.is(cart.calls, 200)
    t.is(accounts.requests.sent, 504)
    const [failure] = record.metrics.failures
    t.is(failure?.request.url, `${media.url}/status/503`, 'a failure shows the host it went to')
  },
)
