import { type Command, InvalidArgumentError } from 'commander'
import { BreakwaterError } from '../core/error.ts'
import { brokenRails, type GuardRails, withNetworks } from '../core/plan/guard-rails.ts'
import { planRun } from '../core/plan/plan-run.ts'
import { readDuration, readRate } from '../core/spec/quantity.ts'
import { isNetwork } from '../worker/transport/networks.ts'
import type { CliConfig } from './config.ts'
import { fromVariable, wholeNumber } from './flags.ts'
import type { LoadedTest } from './spec-source.ts'

/** What the operator of this process allows, whatever a LoadTest says. */
export interface RailFlags {
  readonly allowHost?: readonly string[]
  readonly allowNetwork?: readonly string[]
  readonly maxRate?: number
  readonly maxUsers?: number
  readonly maxDuration?: number
}

export function withRailFlags(command: Command): Command {
  return command
    .optionsGroup('Guard rails:')
    .option(
      '--allow-host <host>',
      'load may go to this host, or to *.its.domain; may be repeated (BREAKWATER_ALLOW_HOSTS, by commas)',
      host,
    )
    .option(
      '--allow-network <network>',
      'load may go to addresses in this network, such as 10.0.0.0/8; may be repeated (BREAKWATER_ALLOW_NETWORKS)',
      network,
    )
    .option('--max-rate <rate>', 'arrivals per second at most, of the whole run (BREAKWATER_MAX_RATE)', rate)
    .option('--max-users <n>', 'users of closed phases at most (BREAKWATER_MAX_USERS)', users)
    .option(
      '--max-duration <duration>',
      'length of a run at most, such as 2h (BREAKWATER_MAX_DURATION)',
      duration,
    )
}

/** Flags win, each over its variable. @throws BreakwaterError `usage` for a variable that says something else */
export function railsOf(flags: RailFlags, { rails }: CliConfig): GuardRails {
  return {
    hosts: flags.allowHost ?? fromList('BREAKWATER_ALLOW_HOSTS', rails.hosts, host),
    networks: flags.allowNetwork ?? fromList('BREAKWATER_ALLOW_NETWORKS', rails.networks, network),
    maxRate: flags.maxRate ?? fromVariable('BREAKWATER_MAX_RATE', rails.maxRate, rate),
    maxUsers: flags.maxUsers ?? fromVariable('BREAKWATER_MAX_USERS', rails.maxUsers, users),
    maxDurationMs: flags.maxDuration ?? fromVariable('BREAKWATER_MAX_DURATION', rails.maxDuration, duration),
  }
}

/** The test as it may be run by this process. @throws BreakwaterError `not-allowed` */
export function guarded(loaded: LoadedTest, rails: GuardRails): LoadedTest {
  const { test } = loaded
  const broken = brokenRails(test, planRun(test, 0), rails)
  if (broken.length === 0) return { ...loaded, test: withNetworks(test, rails) }
  throw new BreakwaterError('not-allowed', `this is not allowed here: ${broken.join('; ')}`, {
    hint: 'Change the LoadTest, or ask whoever runs this command for more (breakwater run --help, Guard rails).',
  })
}

function host(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^(\*\.)?[a-z0-9]([a-z0-9._:-]*[a-z0-9])?$/i.test(text))
    throw new InvalidArgumentError('Write a name, such as shop.test or *.staging.test.')
  return [...before, text.toLowerCase()]
}

function network(text: string, before: readonly string[] = []): readonly string[] {
  if (!isNetwork(text))
    throw new InvalidArgumentError('Write a network or an address, such as 10.0.0.0/8 or 2001:db8::1.')
  return [...before, text]
}

const users = wholeNumber(1)

function rate(text: string): number {
  const read = readRate(/^[\d.]+$/.test(text) ? Number(text) : text)
  if (!read.ok) throw new InvalidArgumentError('Write a rate, such as 500 or 30/m.')
  return read.value
}

function duration(text: string): number {
  const read = readDuration(text)
  if (!read.ok) throw new InvalidArgumentError('Write a duration, such as 30m or 2h.')
  return read.value
}

function fromList(
  variable: string,
  text: string | null,
  add: (text: string, before: readonly string[]) => readonly string[],
): readonly string[] | null {
  return fromVariable(variable, text, (all) =>
    all.split(',').reduce((before: readonly string[], one) => add(one.trim(), before), []),
  )
}
