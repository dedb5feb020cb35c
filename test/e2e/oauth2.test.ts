import test, { type ExecutionContext } from 'ava'
import type { BreakwaterError } from '../../core/error.ts'
import { judgeRun } from '../../core/verdict/judge.ts'
import { runLoaded, runSpec } from '../kit/cluster.ts'
import { type OAuthServer, type OAuthServerOptions, startOAuthServer } from '../kit/oauth-server.ts'
import { parsedTest } from '../kit/parsed-test.ts'

async function serve(t: ExecutionContext, options: OAuthServerOptions = {}): Promise<OAuthServer> {
  const server = await startOAuthServer(options)
  t.teardown(() => server.close())
  return server
}

function specFor({ url, tokenUrl }: OAuthServer, durationS: number, refreshBefore = '1s') {
  return {
    target: {
      url,
      auth: { oauth2: { tokenUrl, clientId: 'load', clientSecret: 'secret-of-load', refreshBefore } },
    },
    scenarios: [{ name: 'browse', steps: [{ get: '/', check: { status: 200 } }] }],
    load: [{ phase: 'steady', rate: 40, duration: `${durationS}s` }],
  }
}

test.serial(
  'each worker keeps one token for all its threads, and no request carries one that has expired',
  async (t) => {
    t.timeout(60_000)
    const server = await serve(t, { lifeS: 3 })
    const { accounts, record } = await runSpec(specFor(server, 8), { workers: 2, threads: 2 })
    t.is(accounts.requests.ok, 320)
    t.deepEqual(server.seen, { alive: 320, expired: 0, unknown: 0, without: 0 })
    // One at first, then one every two seconds from the preparation to the end of the drain, some 11 s, by each of two workers.
    t.true(server.wishes.length >= 2 * 5 && server.wishes.length <= 2 * 8, `${server.wishes.length} requests`)
    t.is(accounts.requests.auth, server.wishes.length)
    t.is(accounts.requests.sent, 320 + server.wishes.length)
    t.is(accounts.requests.attempted, 320)
    t.is(record.metrics.workers.length, 2)
  },
)

test.serial(
  'a token server that is down does not stop the run: its old tokens expire, and a warning says why',
  async (t) => {
    t.timeout(60_000)
    let isDown = false
    const server = await serve(t, { lifeS: 3, behaviour: () => (isDown ? 'reset' : undefined) })
    const { accounts, record, events } = await runSpec(specFor(server, 8), {
      workers: 1,
      threads: 2,
      onConductor: (conductor) => {
        const watch = setInterval(() => {
          if ((conductor.soFar()?.endedAt ?? 0) > 1_000_000) isDown = true
        }, 50)
        conductor.record.finally(() => clearInterval(watch))
      },
    })
    t.true(server.seen.alive > 0)
    t.true(server.seen.expired > 0)
    t.is(accounts.requests.errors.status_4xx, server.seen.expired)
    t.is(accounts.requests.ok, server.seen.alive)
    t.is(accounts.requests.auth, server.wishes.length)
    const { warnings } = judgeRun(record, accounts)
    t.is(
      warnings.filter((text) => /Worker w1: A new token could not be had from .*ECONNRESET/.test(text))
        .length,
      1,
    )
    t.is(events.filter(({ kind }) => kind === 'warning').length, 1)
    t.is(record.ended, 'finished')
  },
)

test.serial('without a token the run does not start', async (t) => {
  const server = await serve(t, {
    behaviour: () => ({
      status: 401,
      body: '{"error":"invalid_client","error_description":"not secret-of-load"}',
    }),
  })
  const error = await t.throwsAsync<BreakwaterError>(
    runLoaded({
      test: parsedTest(specFor(server, 1)),
      files: {},
      reflected: [],
      secrets: ['secret-of-load'],
      unset: [],
      source: '',
    }),
  )
  t.is(error.code, 'prepare-failed')
  t.regex(
    error.message,
    /worker w1 could not prepare the run: there is no token from http:.*401 \(invalid_client, not \*\*\*\)/,
  )
  t.regex(error.hint ?? '', /auth\.oauth2/)
  t.deepEqual(server.seen, { alive: 0, expired: 0, unknown: 0, without: 0 })
})

test.serial('a token that the target revokes is replaced', async (t) => {
  t.timeout(60_000)
  const server = await serve(t, { lifeS: null })
  const { accounts } = await runSpec(
    {
      ...specFor(server, 4),
      scenarios: [{ name: 'browse', steps: [{ get: '/', onError: 'continue' }] }],
    },
    {
      onConductor: (conductor) => {
        const watch = setInterval(() => {
          if ((conductor.soFar()?.endedAt ?? 0) < 1_000_000) return
          clearInterval(watch)
          server.revokeAll()
        }, 50)
        conductor.record.finally(() => clearInterval(watch))
      },
    },
  )
  t.is(server.wishes.length, 2)
  t.is(accounts.requests.auth, 2)
  t.true(server.seen.unknown > 0 && server.seen.unknown < 40, `${server.seen.unknown} refused`)
  t.is(accounts.requests.ok, 160 - server.seen.unknown)
})

test.serial('setup and teardown carry the token, and what they ask for is counted', async (t) => {
  t.timeout(60_000)
  const server = await serve(t, { lifeS: 2 })
  const { accounts } = await runSpec(
    {
      ...specFor(server, 2),
      setup: [{ post: '/seed' }],
      teardown: [{ delete: '/seed' }],
    },
    { workers: 2 },
  )
  t.like(accounts.requests, { setup: 1, teardown: 1, attempted: 80, auth: server.wishes.length })
  t.deepEqual(server.seen, { alive: 82, expired: 0, unknown: 0, without: 0 })
  t.is(accounts.requests.sent, 82 + server.wishes.length)
})
