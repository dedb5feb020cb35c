import type { Bus, Subscription } from '../../bus/bus.ts'
import { BreakwaterError } from '../../core/error.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import {
  decodeCommand,
  decodeControllerBeat,
  decodeHaltOrder,
  decodeHaltQuestion,
  encodeHaltOrder,
  encodeHaltQuestion,
  encodeHello,
  encodeReply,
  refuse,
  refuseStranger,
} from '../../proto/codec.ts'
import type { WorkerCommand, WorkerHello, WorkerVitals } from '../../proto/messages.ts'
import { createReception, type HeardMessage, type Reception } from '../../proto/reception.ts'
import { newSealingKey } from '../../proto/sealing.ts'
import type { Subjects } from '../../proto/subjects.ts'
import { decide, tickMs } from './agent-decide.ts'
import { type AgentAction, type AgentEvent, type AgentState, idleAgent } from './agent-state.ts'
import { followKeptHalt } from './kept-halt.ts'
import { createRunSession, type RunSession, type SessionDependencies } from './run-session.ts'

export interface AgentDependencies
  extends Omit<SessionDependencies, 'command' | 'term' | 'onEvent' | 'reception'> {
  readonly bus: Bus
  readonly subjects: Subjects
  readonly id: string
  /** Random, one per process. */
  readonly incarnation: string
  readonly version: string
  readonly host: string
  readonly pid: number
  readonly labels: Readonly<Record<string, string>>
  /** Threads of a run that does not say. */
  readonly threads: number
  /** Requests per second that so many threads keep, by the calibration of this machine; absent: nobody has measured it. */
  readonly capacity?: (threads: number) => number
  /** Asked at each beat. */
  readonly vitals?: () => WorkerVitals
  readonly log: Log
}

export interface Agent {
  /** Drains what is under way, then `left` resolves. Idempotent. */
  leave(): void
  /** Resolves when the worker may end. */
  readonly left: Promise<void>
  /** Ends everything at once. */
  close(): Promise<void>
  readonly state: AgentState
  readonly reception: Reception
}

const haltAnswerMs = 1_000

/** One worker on the bus. Says hello, beats, and does what its coordinator commands. */
export function createAgent(dependencies: AgentDependencies): Agent {
  const { bus, subjects, id, incarnation, log, localNowMs } = dependencies
  const sealingKey = newSealingKey()
  const reception = createReception(bus, (text) => log('warn', text, 'message-dropped'))
  let state = idleAgent(incarnation, dependencies.threads)
  let session: RunSession | null = null
  let vitals: WorkerVitals | undefined
  let control: Subscription | undefined
  let nextRequest = 1
  const owed = new Map<number, HeardMessage>()
  let resolveLeft: () => void = () => {}
  const left = new Promise<void>((resolve) => {
    resolveLeft = resolve
  })

  function dispatch(event: AgentEvent): void {
    const was = { run: state.prepare?.run ?? null, epoch: state.epoch }
    const decision = decide(state, event)
    state = decision.state
    for (const action of decision.actions) perform(action, was)
  }

  /** `was`: the run and epoch that it was in before. */
  function perform(action: AgentAction, was: { run: string | null; epoch: number }): void {
    switch (action.type) {
      case 'reply':
        owed.get(action.request)?.respond(encodeReply(action.reply))
        owed.delete(action.request)
        return
      case 'prepare':
        log('info', `preparing run ${action.command.run}`, 'prepare')
        session = createRunSession({
          ...dependencies,
          command: action.command,
          reception,
          term: () => state.fence.term,
          onEvent: dispatch,
        })
        listenFor(action.command.run)
        return
      case 'perform':
        log('info', action.stage === 'setup' ? 'setting up' : 'tearing down', 'perform')
        session?.perform(action.stage, action.setup)
        return
      case 'arm':
        session?.arm(action.startLocalMs, action.epoch, action.setup)
        return
      case 'epoch':
        log('info', `epoch ${action.epoch.number}: ${action.epoch.cause}`, 'epoch')
        session?.epoch(action.epoch)
        return
      case 'ask-standing':
        session?.askStanding()
        return
      case 'stand-down':
        log(
          'warn',
          'others have its share: what is in flight is interrupted, nothing more is sent',
          'share-replaced',
        )
        session?.standDown()
        return
      case 'stop':
        log('info', 'stopping: what is in flight finishes', 'stop')
        session?.stop()
        return
      case 'drain':
        log('info', 'leaving: what is in flight finishes', 'drain')
        session?.leave()
        return
      case 'abort':
        log('info', 'aborting: what is in flight is interrupted', 'abort')
        session?.abort()
        return
      case 'silence':
        log(
          'warn',
          'no controller was heard for 10 s: what is in flight is interrupted, nothing more is sent',
          'silence',
        )
        session?.silence()
        return
      case 'halt': {
        const { by, why } = action.halt
        log(
          'warn',
          `halted by ${by} (${why}): what is in flight is interrupted, nothing more is sent`,
          'halt',
        )
        session?.halt()
        return
      }
      case 'hello':
        bus.publish(subjects.hello(id), encodeHello(hello()))
        return
      case 'release':
        log('info', 'released', 'release', was)
        void session?.close()
        session = null
        control?.unsubscribe()
        return
      case 'leave':
        resolveLeft()
        return
      default:
        action satisfies never
    }
  }

  function listenFor(run: string): void {
    control?.unsubscribe()
    control = reception.listen(subjects.control(run), 'control', decodeControllerBeat, (beat) => {
      if (beat.run !== run) refuseStranger(`it is of run ${beat.run}`)
      dispatch({ type: 'heard', run, term: beat.term, epoch: beat.epoch, nowMs: localNowMs() })
      if (beat.term >= state.fence.term) session?.streamed(beat.streamed)
    })
  }

  function hello(): WorkerHello {
    const { version, host, pid, labels, rails, capacity } = dependencies
    const { threads, stage, prepare, halt } = state
    const run = prepare?.run ?? null
    const { publicKey } = sealingKey
    return {
      ...{ id, incarnation, version, threads, labels, host, pid },
      ...{ state: stage, run, sealingKey: publicKey },
      ...(halt && { halt }),
      ...(capacity && { capacity: capacity(threads) }),
      ...(vitals && { vitals }),
      ...(rails.maxRate !== null && { maxRate: rails.maxRate }),
    }
  }

  const decodeOwn = (payload: Uint8Array) => decodeCommand(payload, sealingKey)
  const subscriptions = [
    reception.listen(subjects.command(id), 'command', decodeOwn, (command, message) => {
      requireFitting(command, state)
      const request = nextRequest++
      owed.set(request, message)
      const epoch = command.type === 'epoch' || command.type === 'arm' ? command.epoch : null
      const notAllowed = epoch && (session?.notAllowed(epoch) ?? null)
      dispatch({ type: 'command', command, request, notAllowed, nowMs: localNowMs() })
    }),
    reception.listen(subjects.halt, 'halt', decodeHaltOrder, ({ halt }) => dispatch({ type: 'halt', halt })),
    reception.listen(subjects.halted, 'halted', decodeHaltQuestion, ({ worker }, message) => {
      if (state.halt !== null && worker !== id) message.respond(encodeHaltOrder({ halt: state.halt }))
    }),
  ]

  /** Whoever was not there when all load was halted hears of it from those who were. */
  async function askForHalt(): Promise<void> {
    try {
      const question = encodeHaltQuestion({ worker: id })
      const answer = await bus.request(subjects.halted, question, { timeoutMs: haltAnswerMs })
      const halt = reception.read('reply', subjects.halted, answer, decodeHaltOrder)?.halt ?? null
      if (halt !== null) dispatch({ type: 'halt', halt })
    } catch (error) {
      // Nobody is halted, or nobody is there.
      if (!(error instanceof BreakwaterError)) throw error
    }
  }

  const keptHalt = followKeptHalt({
    bus,
    subjects,
    inForce: () => state.halt,
    follow: (halt) => dispatch({ type: 'halt', halt }),
    log,
  })

  const states = bus.onState((busState) => {
    if (busState !== 'connected') return
    bus.publish(subjects.hello(id), encodeHello(hello()))
    void askForHalt()
    keptHalt.look()
  })
  const beat = setInterval(() => {
    dispatch({ type: 'tick', nowMs: localNowMs() })
    vitals = dependencies.vitals?.()
    bus.publish(subjects.beat(id), encodeHello(hello()))
  }, tickMs)

  return {
    leave: () => dispatch({ type: 'leave' }),
    left,
    async close() {
      clearInterval(beat)
      control?.unsubscribe()
      for (const subscription of subscriptions) subscription.unsubscribe()
      states.unsubscribe()
      keptHalt.close()
      await session?.close()
      resolveLeft()
    },
    get state() {
      return state
    },
    reception,
  }
}

/** An epoch has an instant for each phase of the LoadTest, or it is of another one. */
function requireFitting(command: WorkerCommand, { prepare }: AgentState): void {
  if ((command.type !== 'arm' && command.type !== 'epoch') || prepare?.run !== command.run) return
  const [told, known] = [command.epoch.phases.length, prepare.test.load.length]
  if (told !== known) refuse(`its epoch has ${told} phases, and the LoadTest has ${known}`)
}
