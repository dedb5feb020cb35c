import { race, type Sample } from '../race.ts'
import { withTarget } from '../target-run.ts'
import { closedField, type Field, openField } from './http-contenders.ts'
import type { PeersFigures, PeersWish } from './peers-table.ts'

/** Breakwater beside other tools, all of them against the same nginx: a closed loop, then an open one. */
export async function peersBench(
  wish: PeersWish,
  out: string,
  say: (line: string) => void,
): Promise<PeersFigures> {
  return await withTarget(out, 'http1', async ({ url, pid }) => {
    const closed = closedField(url, wish.seconds)
    const open = openField(url, wish.rate, wish.seconds)
    const missing = [...new Set([...closed.missing, ...open.missing])]
    if (missing.length > 0) say(`not installed, and left out (bench/setup gets them): ${missing.join(', ')}`)
    const run = (name: string, { contenders }: Field): Promise<readonly Sample[]> =>
      race({
        name,
        contenders,
        rounds: wish.rounds,
        timeoutS: 4 * wish.seconds + 30,
        out,
        targetPid: pid,
        say,
      })
    // What is compiled once for all is compiled before it counts.
    const warm = closedField(url, 1)
    await race({
      name: 'warm-up',
      contenders: warm.contenders.slice(0, 1),
      rounds: 1,
      timeoutS: 60,
      out,
      targetPid: pid,
      say,
    })
    return {
      wish,
      versions: closed.contenders.map(({ name, version }) => ({ name, version })),
      missing,
      closed: await run('closed', closed),
      open: await run('open', open),
    }
  })
}
