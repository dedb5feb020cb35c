import test from 'ava'
import fc from 'fast-check'
import type { Json } from '../../../../core/spec/load-test.ts'
import { clusterCommands, settle, steeringCommands } from '../../../kit/model/cluster-commands.ts'
import { realMachines, SimCluster } from '../../../kit/model/sim-cluster.ts'
import type { Machines } from '../../../kit/model/sim-place.ts'

type Spec = Readonly<Record<string, Json>>

/** An arrival tells its number by its row, and makes two requests. */
const arrivals: Spec = {
  data: { arrivals: { rows: Array.from({ length: 200 }, (_, n) => ({ n })), pick: 'unique' } },
  setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
  teardown: [{ delete: '/seed/${setup.tenant}' }],
  scenarios: [
    { name: 'visit', steps: [{ get: '/first', query: { row: '${arrivals.n}' } }, { get: '/second' }] },
  ],
  load: [{ phase: 'open', rate: 20, duration: '9s' }],
  limits: { drain: '2s' },
}

const shapes: Readonly<Record<string, Spec>> = {
  'arrivals, what is lost goes to others': arrivals,
  'arrivals, what is lost stays lost': { ...arrivals, workers: { onLoss: 'continue' } },
  'arrivals, a loss stops the run': { ...arrivals, workers: { onLoss: 'fail' } },
  'users, arrivals after them': {
    ...arrivals,
    scenarios: [
      { name: 'visit', steps: [{ get: '/first', query: { row: '${arrivals.n}' } }, { get: '/second' }] },
      { name: 'loop', steps: [{ get: '/loop' }, { think: '200ms' }] },
    ],
    load: [
      { phase: 'smoke', users: 4, iterations: 30, maxDuration: '10s', scenarios: { loop: 1 } },
      { phase: 'open', rate: 20, duration: '4s', scenarios: { visit: 1 } },
    ],
  },
}

/** Rows by their numbers, so that arrivals which steering adds tell theirs, too. */
const data = {
  arrivals: { rows: Array.from({ length: 1_000 }, (_, n) => ({ n })), pick: 'sequential' },
}
const steeredShapes: Readonly<Record<string, Spec>> = {
  'a steered run': { ...arrivals, data },
  'a steered run, what is lost stays lost': { ...arrivals, data, workers: { onLoss: 'continue' } },
  'a steered run, whoever joins has a share': { ...arrivals, data, workers: { grow: true } },
  'a steered run of users, arrivals after them': { ...shapes['users, arrivals after them'], data },
}

/** More of them, or others: BREAKWATER_MODEL_RUNS=1000 BREAKWATER_MODEL_SEED=7 npm run test:unit -- FILE */
const seed = Number(process.env.BREAKWATER_MODEL_SEED ?? 1)
const runs = Number(process.env.BREAKWATER_MODEL_RUNS ?? 120)

function explore(
  spec: Spec,
  machines: Machines,
  numRuns: number,
  { commands: steps = clusterCommands, endOnFailure = false } = {},
): void {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), steps, (chance, commands) => {
      const cluster = new SimCluster(chance, spec, machines)
      const model = { living: new Set(['w1', 'w2', 'w3']), hasController: true, isHalted: false }
      fc.modelRun(() => ({ model, real: cluster }), commands)
      const broken = settle(cluster)
      if (broken.length > 0) throw new Error(broken.join('\n'))
    }),
    { seed, numRuns, includeErrorInReport: true, endOnFailure },
  )
}

for (const [shape, spec] of Object.entries(shapes)) {
  test(`no sequence of faults reaches a double count, a lost entry, or load after halt: ${shape}`, (t) => {
    t.notThrows(() => explore(spec, realMachines, runs))
  })
}

for (const [shape, spec] of Object.entries(steeredShapes)) {
  test(`no sequence of faults and steering reaches them either: ${shape}`, (t) => {
    t.notThrows(() => explore(spec, realMachines, runs, { commands: steeringCommands }))
  })
}

/** Machines with a defect each: where these are not found out, nothing is shown by what passes. */
const defects: Readonly<Record<string, Partial<Machines>>> = {
  'a worker that nobody controls goes on': {
    decideAgent: (state, event) =>
      event.type === 'tick' ? { state, actions: [] } : realMachines.decideAgent(state, event),
  },
  'a halted worker goes on': {
    decideAgent(state, event) {
      const { state: next, actions } = realMachines.decideAgent(state, event)
      return { state: next, actions: actions.filter(({ type }) => type !== 'halt') }
    },
  },
  'what is overrun counts': { isOverrun: () => false },
  'a snapshot that was not acknowledged is not sent again': { sendsAgain: false },
  'a controller that takes a run up does not ask who is there': {
    resumeRun: (state) => ({ state: { ...state, stage: 'running' }, actions: [] }),
  },
}

for (const [defect, machines] of Object.entries(defects)) {
  test(`sequences of faults find out that ${defect}`, (t) => {
    t.throws(() => explore(arrivals, { ...realMachines, ...machines }, 400, { endOnFailure: true }))
  })
}
