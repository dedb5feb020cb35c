import { Command, CommanderError, Option } from 'commander'
import { version } from '../core/version.ts'
import type { Console } from './console.ts'
import { label, listen, rateFactor, several, wholeNumber } from './flags.ts'
import { withLogFlags } from './log/log-flags.ts'
import { withMetricsFlags } from './metrics/metrics-flags.ts'
import { withNatsFlags } from './nats-flags.ts'
import { addImport } from './program-import.ts'
import { withRailFlags } from './rail-flags.ts'
import { withSpecFlags } from './spec-flags.ts'

const valuesNotNeeded =
  '\nValues of the environment and of secrets are not needed for this: what is not set is told, and no issue.\n'

/**
 * The whole command line. A command's own module is loaded when it runs, so that `--help` and a mistyped flag cost next to nothing.
 * `done` gets the exit code. What is wrong with the command line is thrown as a CommanderError, and nothing printed.
 */
export function createProgram(console: Console, done: (exitCode: number) => void): Command {
  const program = new Command('breakwater')
    .description('Distributed load generation with exact percentiles, balanced accounts and honest verdicts.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      examples(
        'breakwater init --url http://localhost:8080 --out test.yaml',
        'breakwater run test.yaml',
        'breakwater run http://localhost:8080/ --rate 100 --duration 30s',
      ) +
        '\nExit codes: 0 pass, 1 fail, 2 wrong usage or configuration (nothing was sent), 3 inconclusive, 130 after Ctrl-C.\n',
    )

  const command = (nameAndArguments: string, description: string, ...lines: string[]): Command =>
    leaf(program.command(nameAndArguments), description, lines)

  const runCommand = withSpecFlags(
    command(
      'run [file|url]',
      'run what a LoadTest describes, or load one URL',
      'breakwater run test.yaml --workers 3 --out results/today',
      'breakwater run test.yaml -f staging.yaml --set load[ramp].rate=5',
      'breakwater run test.yaml --once --trace',
      "breakwater run http://localhost:8080/ --rate 100 --duration 30s --objective 'p95 < 200ms'",
      'breakwater run --resume latest --nats nats://localhost:4222',
    ),
  )
    .option('--print', 'print the LoadTest that would run, overlays merged, and send nothing')
    .optionsGroup('Workers:')
    .option(
      '--workers <n>',
      'workers in this process; with --nats: how many to wait for',
      wholeNumber(1, 1024),
    )
    .option('--threads <n>', 'engine threads of each worker', wholeNumber(1, 1024))
    .addOption(
      new Option('--pace <mode>', 'how arrivals are timed: timer is cheap, spin exact to microseconds')
        .choices(['timer', 'spin'])
        .default('timer'),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        'what speaks HTTP and gRPC: clients of our own, or the libraries; auto takes the fastest that can',
      )
        .choices(['auto', 'wire', 'undici'])
        .default('auto'),
    )
  withWatchFlags(
    withRailFlags(
      withNatsFlags(runCommand.optionsGroup('Cluster:'), 'use the workers connected to this NATS server'),
    ),
  )
    .optionsGroup('With --nats, after this process has died:')
    .option(
      '--resume <run>',
      'take up a run whose controlling process died, by its id or as `latest`; within 10 s the load goes on meanwhile',
    )
    .option(
      '--data <dir>',
      'where runs over NATS are kept while they are under way (BREAKWATER_DATA; default: ~/.local/state/breakwater)',
    )
    .optionsGroup('Results:')
    .option('--out <dir>', 'folder of the results (default: breakwater-results/<name>-<run>)')
    .option('--name <name>', 'name of the result (default: the name in the file)')
    .option(
      '--seed <n>',
      'of every random draw; the same seed sends the same (default: random)',
      wholeNumber(0),
    )
    .option('--strict', 'judge by confidence intervals, and let warnings make the run inconclusive')
    .option('--quiet', 'show nothing while it runs')
    .optionsGroup('Trying out:')
    .option('--once', 'one iteration of each scenario, step by step; no objectives, no files')
    .option('--trace', 'with --once: headers and bodies too')
    .optionsGroup('For a URL:')
    .option('--rate <rate>', 'iterations per second, or 30/m, 100/h')
    .option('--users <n>', 'users in a loop, instead of --rate', wholeNumber(1))
    .option('--duration <duration>', 'such as 30s or 5m')
    .option('--header <header>', "such as 'accept: text/html'; may be repeated", several)
    .option('--objective <rule>', "such as 'p95 < 200ms'; may be repeated", several)
    .optionsGroup('Options:')
    .action(async (source: string | undefined, flags, command: Command) => {
      const { run } = await import('./commands/run.ts')
      done(await run(console, source, flags, explicitFlags(command)))
    })

  const workerCommand = withNatsFlags(
    command(
      'worker',
      'one worker, which does what a controller over NATS asks it to; drains on SIGTERM',
      'breakwater worker --nats nats://localhost:4222',
      'breakwater worker --nats tls://nats.test:4222 --nats-creds w1.creds --id w1',
    ),
    'NATS server',
  )
    .option('--id <id>', 'unique in the cluster (default: host and process id)')
    .option('--threads <n>', 'engine threads (default: one per core)', wholeNumber(1, 1024))
    .option('--label <key=value>', 'label of the worker; may be repeated', label)
  withWatchFlags(withRailFlags(workerCommand))
    .optionsGroup('Options:')
    .action(async (flags) => {
      const { worker } = await import('./commands/worker.ts')
      done(await worker(console, flags))
    })

  const ofCluster = 'NATS server of the cluster'
  withNatsFlags(
    command(
      'workers',
      'the workers of a cluster and what they do; needs no controller',
      'breakwater workers --nats nats://localhost:4222',
    ),
    ofCluster,
  ).action(async (flags) => {
    const { listWorkers } = await import('./commands/list-workers.ts')
    done(await listWorkers(console, flags))
  })

  withNatsFlags(
    command('ls', 'the runs that are under way in a cluster', 'breakwater ls --nats nats://localhost:4222'),
    ofCluster,
  ).action(async (flags) => {
    const { listRuns } = await import('./commands/steer-run.ts')
    done(await listRuns(console, flags))
  })

  for (const [name, act, description] of [
    ['show', 'showRun', 'how a run is just now, whoever controls it'],
    ['watch', 'watchRun', 'a line a second until a run is over'],
    ['stop', 'stopRun', 'end a run in order: no more load, what is in flight finishes, results are written'],
  ] as const) {
    withNatsFlags(
      command(`${name} <run|latest>`, description, `breakwater ${name} latest --nats nats://localhost:4222`),
      ofCluster,
    ).action(async (run: string, flags) => {
      const commands = await import('./commands/steer-run.ts')
      done(await commands[act](console, run, flags))
    })
  }

  withNatsFlags(
    command(
      'steer <run|latest>',
      'change the load of a run while it is under way: within a second on all workers',
      'breakwater steer latest --rate-factor 2 --nats nats://localhost:4222',
      'breakwater steer latest --pause',
      'breakwater steer latest --resume --rate-factor 0.5',
      'breakwater steer latest --workers 4',
    ),
    ofCluster,
  )
    .addOption(
      new Option(
        '--rate-factor <f>',
        'times the rates of the LoadTest, from 0 to 1000; the last one wins, 1 is as written',
      ).argParser(rateFactor),
    )
    .option('--pause', 'start no iteration; those under way finish, and phases wait')
    .option('--resume', 'go on where it was paused')
    .addOption(
      new Option(
        '--workers <n>',
        'share the load among so many of the connected workers: fewer within a second, more as soon as they are prepared',
      ).argParser(wholeNumber(1, 10_000)),
    )
    .action(async (run: string, flags) => {
      const { steerRun } = await import('./commands/steer-run.ts')
      done(await steerRun(console, run, flags))
    })

  withNatsFlags(
    command(
      'halt',
      'end all load of a cluster within two seconds, and allow none until it is lifted; needs no controller',
      "breakwater halt --nats nats://localhost:4222 --why 'the shop is down'",
    ),
    'NATS server of the workers',
  )
    .option('--why <text>', 'told to whoever wants to make load meanwhile')
    .action(async (flags) => {
      const { halt } = await import('./commands/halt.ts')
      done(await halt(console, flags))
    })

  withNatsFlags(
    command('unhalt', 'allow load again', 'breakwater unhalt --nats nats://localhost:4222'),
    'NATS server of the workers',
  ).action(async (flags) => {
    const { unhalt } = await import('./commands/halt.ts')
    done(await unhalt(console, flags))
  })

  withSpecFlags(
    command(
      'validate <file...>',
      'every issue of every file at once; sends nothing',
      'breakwater validate *.yaml',
      'breakwater validate test.yaml -f staging.yaml',
    ),
  )
    .addHelpText('after', valuesNotNeeded)
    .action(async (files: readonly string[], flags) => {
      const { validate } = await import('./commands/validate.ts')
      done(await validate(console, files, flags))
    })

  withSpecFlags(
    command(
      'plan <file>',
      'what a run would do: arrivals, shards, peak rate, length, connections, warnings; sends nothing',
      'breakwater plan test.yaml --workers 3',
    ),
  )
    .option('--workers <n>', 'workers to share the load among', wholeNumber(1, 1024))
    .option('--seed <n>', 'of Poisson arrivals', wholeNumber(0))
    .addHelpText('after', valuesNotNeeded)
    .action(async (file: string, flags) => {
      const { plan } = await import('./commands/plan.ts')
      done(await plan(console, file, flags))
    })

  command(
    'init',
    'write a commented LoadTest to start from',
    'breakwater init --url http://localhost:8080 --out test.yaml',
  )
    .option('--url <url>', 'target', 'http://127.0.0.1:8080')
    .option('--out <file>', 'file to write; an existing one is kept (default: standard output)')
    .action(async (flags) => {
      const { init } = await import('./commands/init.ts')
      done(await init(console, flags))
    })

  addImport(program, leaf, console, done)

  command(
    'schema [name]',
    'print a JSON Schema: of a LoadTest, for completion in editors, or of result.json',
    'breakwater schema --out loadtest.schema.json',
    'breakwater schema result',
  )
    .option('--out <file>', 'file to write (default: standard output)')
    .action(async (name: string | undefined, flags) => {
      const { schema } = await import('./commands/schema.ts')
      done(await schema(console, name, flags))
    })

  command(
    'report <dir|run>',
    'a report again, from a stored result',
    'breakwater report breakwater-results/shop-01JABC --format md',
  )
    .addOption(
      new Option('--format <format>', 'html, md, json, junit or csv')
        .choices(['html', 'md', 'json', 'junit', 'csv'])
        .default('html'),
    )
    .addOption(
      new Option('--audience <audience>', 'for whom the HTML is: what comes first')
        .choices(['executive', 'engineering', 'operations'])
        .default('engineering'),
    )
    .option('--out <file>', 'file to write (default: standard output)')
    .action(async (source: string, flags) => {
      const { report } = await import('./commands/report.ts')
      done(await report(console, source, flags))
    })

  command(
    'calibrate',
    'measure what one worker of this machine can do, for plan and workers.count: auto (about 30 s)',
    'breakwater calibrate',
    'breakwater calibrate --target https://staging.example.com/health',
  )
    .option('--target <url>', 'load this URL too, with 64 users for 5 s')
    .addHelpText(
      'after',
      '\nOne worker with one thread loads a server of its own on this machine that does nothing but answer: a closed loop, then an open one at rising rates.\nLeave the machine to it meanwhile. The result is kept in ~/.local/state/breakwater (XDG_STATE_HOME).\n',
    )
    .action(async (flags) => {
      const { calibrate } = await import('./commands/calibrate.ts')
      done(await calibrate(console, flags))
    })

  const analyze = program
    .command('analyze')
    .description('the analysis on numbers from anywhere')
    .addHelpText('after', examples('breakwater analyze histogram run.hlog'))
  leaf(
    analyze.command('histogram <file...>'),
    'percentiles of HDR histogram logs (V0, V1, V2, tagged or not), added up',
    ['breakwater analyze histogram run.hlog --tag browse/home_@ramp'],
  )
    .option('--tag <tag>', "only lines with this tag; '' for lines without one")
    .action(async (files: readonly string[], flags) => {
      const { analyzeHistogram } = await import('./commands/analyze-histogram.ts')
      done(await analyzeHistogram(console, files, flags))
    })

  command(
    'demo',
    'a target whose truth is known: servers behind one queue',
    'breakwater demo --listen 127.0.0.1:8080 --servers 4 --service-time 5ms',
    'breakwater demo --stall at=5s,for=2s',
  )
    .addOption(
      new Option('--listen <host:port>', 'address')
        .argParser(listen)
        .default({ host: '127.0.0.1', port: 8080 }, '127.0.0.1:8080'),
    )
    .option('--servers <n>', 'servers that work at once', wholeNumber(1, 1_000_000), 1)
    .option('--service-time <duration>', 'mean time a request takes with a server', '5ms')
    .addOption(
      new Option('--distribution <distribution>', 'of service times')
        .choices(['exponential', 'constant'])
        .default('exponential'),
    )
    .option('--queue <n>', 'requests that may wait; more get 503 (default: any number)', wholeNumber(0))
    .option('--stall <stall>', 'all servers stand still, such as at=5s,for=2s; may be repeated', several)
    .option('--error-rate <percent>', 'share of requests answered 500', '0%')
    .option('--seed <n>', 'of service times and errors', wholeNumber(0), 1)
    .action(async (flags) => {
      const { demo } = await import('./commands/demo.ts')
      done(await demo(console, flags))
    })

  return program
}

/** A command that does something: with examples, `--json`, and where to find help in what it says about wrong usage. */
function leaf(command: Command, description: string, lines: readonly string[]): Command {
  const words = [command.parent?.name() === 'breakwater' ? '' : command.parent?.name(), command.name()]
  const path = ['breakwater', ...words].filter((word) => word).join(' ')
  return command
    .description(description)
    .option('--json', 'one JSON document on standard output, logs on standard error')
    .addHelpText('after', examples(...lines))
    .exitOverride((error) => {
      if (error.exitCode === 0 || error.message.includes('\n')) throw error
      throw new CommanderError(error.exitCode, error.code, `${error.message}\n(See: ${path} --help)`)
    })
}

function withWatchFlags(command: Command): Command {
  return withLogFlags(withMetricsFlags(command.optionsGroup('Watching:')))
}

/** Names of the flags that were written. */
function explicitFlags(command: Command): readonly string[] {
  return command.options
    .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map((option) => option.long ?? option.flags)
}

function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}
