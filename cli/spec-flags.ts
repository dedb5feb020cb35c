import type { Command } from 'commander'
import { label, several } from './flags.ts'
import type { SecretFlags } from './surroundings.ts'

/** Flags of every command that takes a LoadTest: what is put over the file, and where secrets are. */
export interface SpecFlags extends SecretFlags {
  readonly overlay?: readonly string[]
  /** `PATH=VALUE`. */
  readonly set?: readonly string[]
  readonly label?: Readonly<Record<string, string>>
}

/** `command` with those flags. */
export function withSpecFlags(command: Command): Command {
  return command
    .optionsGroup('The LoadTest:')
    .option('-f, --overlay <file>', 'merge this file over the LoadTest; may be repeated', several)
    .option(
      '--set <path=value>',
      'one value, as YAML, such as target.url=http://localhost or load[ramp].rate=5; may be repeated',
      several,
    )
    .option('--label <key=value>', 'label of the test and its results; may be repeated', label)
    .option(
      '--secrets <dir>',
      'folder of secrets: { secret: shop, key: token } is DIR/shop/token (BREAKWATER_SECRETS)',
    )
    .optionsGroup('Options:')
}
