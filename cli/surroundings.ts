import type { CliConfig } from './config.ts'

/** Flags of every command that reads a LoadTest. */
export interface SecretFlags {
  /** Folder with files SECRET/KEY. */
  readonly secrets?: string
}

/** What references of a LoadTest are read from: this process alone knows it. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Null: none was named. */
  readonly secretsFolder: string | null
  /** `allow`: a value that is not set is no issue, for nothing is run. */
  readonly unset: 'refuse' | 'allow'
}

export function surroundingsOf(
  config: Pick<CliConfig, 'variables' | 'secretsFolder'>,
  flags: SecretFlags,
  unset: Surroundings['unset'] = 'refuse',
): Surroundings {
  return { environment: config.variables, secretsFolder: flags.secrets ?? config.secretsFolder, unset }
}
