import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { peersBench } from '../../../bench/peers/peers-bench.ts'
import { peersSection } from '../../../bench/peers/peers-section.ts'
import { root } from '../../kit/guide.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'
import { testWith } from '../../kit/tools.ts'

// A package or an export has no revision to name.
const testInCheckout = existsSync(join(root, '.git')) ? testWith('nginx') : test.skip

testInCheckout(
  'the bench of the peers measures whichever of them there are, and names the others',
  async (t) => {
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    const figures = await peersBench({ rounds: 1, seconds: 1, rate: 100 }, folder.path, () => {})
    const { contender, ok, cpuS } = figures.open[0] ?? {}
    t.is(contender, 'breakwater')
    t.is(ok, 100)
    t.true((cpuS ?? 0) > 0.05)
    t.true((figures.closed[0]?.ok ?? 0) > 0)
    const measured = figures.closed.map((sample) => sample.contender)
    t.deepEqual([...measured, ...figures.missing].toSorted(), [
      'autocannon',
      'breakwater',
      'fortio',
      'hey',
      'k6',
      'wrk',
    ])
    t.deepEqual(JSON.parse(await readFile(join(folder.path, 'open.json'), 'utf8')), figures.open)
    const section = peersSection(figures)
    for (const name of figures.missing) t.regex(section, new RegExp(`not measured: .*${name}`))
    for (const name of measured) t.true(section.includes(`| ${name} |`))
  },
)
