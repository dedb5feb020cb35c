import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { startDemoProcess } from '../kit/breakwater.ts'
import { root } from '../kit/guide.ts'
import { startProgram } from '../kit/program.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

// Elsewhere the limit of a process is not to be read.
const testOnLinux = existsSync('/proc/self/limits') ? test : test.skip

testOnLinux(
  'a process that may have too few files open says so before it sends, and names what failed by it',
  async (t) => {
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    const demo = await startDemoProcess([])
    t.teardown(demo.stop)
    const file = join(folder.path, 'load.yaml')
    await writeFile(
      file,
      // JSON is YAML.
      JSON.stringify({
        apiVersion: 'breakwater.dev/v1',
        kind: 'LoadTest',
        metadata: { name: 'files' },
        spec: {
          target: { url: demo.url, connections: { share: 'user' } },
          scenarios: [{ name: 'plain', steps: [{ get: '/fast', onError: 'continue' }, { think: '200ms' }] }],
          load: [{ phase: 'all', users: 200, duration: '1s' }],
        },
      }),
    )
    const out = join(folder.path, 'result')
    const command = [join(root, 'bin/breakwater'), 'run', file, '--out', out, '--threads', '1', '--quiet']
    const run = await startProgram('bash', [
      '-c',
      'ulimit -n 150; exec "$@"',
      'bash',
      process.execPath,
      ...command,
    ])
    t.is(await run.ended, 0, run.output())
    t.regex(
      run.output(),
      /warning: w1: may open 200 connections, but its process may have only 150 files open; .* ulimit -Hn 264\n/,
    )
    const { requests, warnings } = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'))
    t.true(requests.errors.files > 50)
    t.deepEqual(Object.keys(requests.errors), ['files'])
    t.true(requests.ok > 50)
    t.regex(
      warnings.join(),
      /requests found no free file descriptor, which is no fault of the target\. Raise the limit/,
    )
  },
)
