import test from 'ava'
import fc from 'fast-check'
import { createJournal, type Journal } from '../../../../controller/run/journal.ts'
import { keptOf } from '../../../../controller/run/kept-parts.ts'
import type { SavedRun } from '../../../../controller/run/saved-run.ts'
import type { HeldRun, RunChange } from '../../../../controller/store/run-store.ts'
import { createSqliteRunStore } from '../../../../controller/store/sqlite-run-store.ts'
import { createMerge, type Merge, type MergedMetrics } from '../../../../core/measure/merge.ts'
import { seriesTable } from '../../../../core/measure/series.ts'
import type { Snapshot } from '../../../../core/measure/snapshot.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../../proto/codec.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { arbitrarySample, snapshotsOf } from '../../../kit/measured.ts'
import { makeTempDir } from '../../../kit/temp-dir.ts'

const table = seriesTable(loadTest({ scenarios: [scenario({ steps: [httpGet('/'), httpGet('/item')] })] }))
const workloads = fc.array(fc.array(arbitrarySample(3, 8), { minLength: 1, maxLength: 60 }), {
  minLength: 1,
  maxLength: 3,
})

/** What may happen next. Workers send the oldest snapshot that was not acknowledged, as often as they like. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('deliver' as const), worker: fc.nat(2) }) },
  // The disk has written what it was given before.
  { weight: 4, arbitrary: fc.record({ does: fc.constant('write' as const) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('acknowledge' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lose-acknowledgements' as const) }) },
  // What was on its way to the disk is there or is not, and nobody knows.
  { weight: 1, arbitrary: fc.record({ does: fc.constant('crash' as const), isWritten: fc.boolean() }) },
)

test('whoever waits is told as soon as what it waits for is kept, whatever is being written meanwhile', async (t) => {
  const home = await makeTempDir()
  t.teardown(home.remove)
  const held = await createSqliteRunStore(home.path).create({ run: 'r1', name: 'r', submission: '{}' })
  t.teardown(() => held.close())
  let said = 0
  const journal = createJournal({
    held,
    merge: createMerge(table),
    snapshotBytes: 0,
    saved: () => ({ said }) as unknown as SavedRun,
    nowMs: () => performance.now(),
    onBroken: (error) => t.fail(String(error)),
  })
  for (const when of ['now', 'soon', 'now', 'now', 'soon'] as const) {
    said++
    journal.changed()
    journal.event(`{"said":${said}}`)
    await Promise.all([journal.kept(when), journal.kept('now')])
    const { parts, events } = await held.load()
    t.is(new TextDecoder().decode(parts.get('state')), `{"said":${said}}`)
    t.is(events.length, said)
  }
  await journal.close()
})

test('where nothing can be kept any more it is said once, and nobody waits for it', async (t) => {
  const home = await makeTempDir()
  t.teardown(home.remove)
  const held = await createSqliteRunStore(home.path).create({ run: 'r1', name: 'r', submission: '{}' })
  const merge = createMerge(table)
  const broken: unknown[] = []
  const journal = createJournal({
    held,
    merge,
    snapshotBytes: 0,
    saved: () => ({}) as SavedRun,
    nowMs: () => performance.now(),
    onBroken: (error) => broken.push(error),
  })
  await journal.kept('now')
  // As a disk that is gone.
  await held.close()
  journal.changed()
  await Promise.all([journal.kept('now'), journal.kept('soon')])
  journal.snapshot(new Uint8Array([1]))
  journal.event('{}')
  await journal.kept('now')
  await journal.close()
  t.is(broken.length, 1)
})

test('a controller that dies at any moment and is taken up loses no snapshot and counts none twice', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      workloads,
      fc.array(step, { minLength: 20, maxLength: 120 }),
      fc.constantFrom(1, 2_000, 1_000_000),
      async (parts, steps, compactBytes) => {
        const sent = parts.map((samples, at) => snapshotsOf(table, `i${at}`, samples))
        const home = await makeTempDir()
        const simulation = await Simulation.begin(home.path, sent, compactBytes)
        for (const one of steps) await simulation.does(one)
        await simulation.finish()
        const whole = createMerge(table)
        for (const snapshot of sent.flat()) whole.add(snapshot)
        t.is(measured(simulation.metrics), measured(whole.metrics))
        t.like(simulation.metrics.snapshots, { missing: 0, received: sent.flat().length })
        await home.remove()
      },
    ),
    { numRuns: 80 },
  )
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Workers with their outboxes, and one controller after the other on one store, whose disk is as slow as a step wants. */
class Simulation {
  readonly #folder: string
  readonly #outboxes: Snapshot[][]
  readonly #compactBytes: number
  #held: HeldRun
  #merge: Merge = createMerge(table)
  #journal: Journal
  #writing: { readonly change: RunChange; readonly done: () => void }[] = []
  #acknowledged: { readonly worker: number; readonly sequence: number }[] = []
  #life = 0

  static async begin(folder: string, sent: readonly (readonly Snapshot[])[], compactBytes: number) {
    const held = await createSqliteRunStore(folder).create({ run: 'r1', name: 'r', submission: '{}' })
    return new Simulation(folder, sent, compactBytes, held)
  }

  private constructor(
    folder: string,
    sent: readonly (readonly Snapshot[])[],
    compactBytes: number,
    held: HeldRun,
  ) {
    this.#folder = folder
    this.#outboxes = sent.map((snapshots) => [...snapshots])
    this.#compactBytes = compactBytes
    this.#held = held
    this.#journal = this.#open(0)
  }

  get metrics(): MergedMetrics {
    return this.#merge.metrics
  }

  async does(step: Step): Promise<void> {
    switch (step.does) {
      case 'deliver':
        this.#deliver(step.worker % this.#outboxes.length)
        break
      case 'write':
        await this.#write()
        break
      case 'acknowledge': {
        const [ack] = this.#acknowledged.splice(0, 1)
        if (ack === undefined) break
        const outbox = this.#outboxes[ack.worker] ?? []
        if (outbox[0]?.sequence === ack.sequence) outbox.shift()
        break
      }
      case 'lose-acknowledgements':
        this.#acknowledged = []
        break
      case 'crash':
        if (step.isWritten) for (const { change } of this.#writing) await this.#held.commit(change)
        await this.#restart()
        break
      default:
        step satisfies never
    }
    // Promises that were kept resolve before anything else happens.
    await new Promise(setImmediate)
  }

  /** Everything that is left is delivered; then a last controller reads what was kept. */
  async finish(): Promise<void> {
    while (this.#outboxes.some((outbox) => outbox.length > 0)) {
      for (const worker of this.#outboxes.keys()) this.#deliver(worker)
      await this.does({ does: 'write' })
      while (this.#acknowledged.length > 0) await this.does({ does: 'acknowledge' })
    }
    await this.#restart()
    await this.#held.close()
  }

  #deliver(worker: number): void {
    const snapshot = this.#outboxes[worker]?.[0]
    if (snapshot === undefined) return
    const payload = encodeSnapshot(snapshot)
    if (this.#merge.add(decodeSnapshot(payload))) this.#journal.snapshot(payload)
    const life = this.#life
    void this.#journal.kept('now').then(() => {
      if (life === this.#life) this.#acknowledged.push({ worker, sequence: snapshot.sequence })
    })
  }

  async #write(): Promise<void> {
    const writing = this.#writing.splice(0)
    for (const { change, done } of writing) {
      await this.#held.commit(change)
      done()
    }
  }

  async #restart(): Promise<void> {
    this.#life++
    this.#writing = []
    await this.#held.close()
    this.#held = await createSqliteRunStore(this.#folder).take('latest')
    const { parts, snapshots } = await this.#held.load()
    this.#merge = createMerge(table, keptOf(parts))
    for (const payload of snapshots) this.#merge.add(decodeSnapshot(payload))
    this.#journal = this.#open(snapshots.reduce((sum, bytes) => sum + bytes.length, 0))
  }

  #open(snapshotBytes: number): Journal {
    const life = this.#life
    return createJournal({
      held: {
        ...this.#held,
        commit: (change) =>
          new Promise((done) => {
            // A dead process writes nothing more.
            if (life === this.#life) this.#writing.push({ change, done })
          }),
      },
      merge: this.#merge,
      snapshotBytes,
      compactBytes: this.#compactBytes,
      saved: () => ({}) as SavedRun,
      nowMs: () => 0,
      onBroken: (error) => {
        throw error
      },
    })
  }
}

function measured(metrics: MergedMetrics): string {
  const all = [0, 1, 2]
  return JSON.stringify(
    {
      totals: all.map((series) => metrics.totals([series]).toDelta(series)),
      windows: [0, 2, 4, 6].map((from) => metrics.window(all, from, from + 2).toDelta(0)),
      lags: metrics.lags([0]).pacerLag.toSparse(),
      workers: metrics.workers.map((worker) => ({ ...worker, duplicates: 0 })),
      failures: metrics.failures,
    },
    (_, value) => {
      if (value instanceof Uint8Array) return [...value].join()
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
      return Object.fromEntries(Object.entries(value).sort())
    },
  )
}
