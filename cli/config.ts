/** What the environment says. Flags win over all of it. */
export interface CliConfig {
  /** BREAKWATER_NATS_URL */
  readonly natsUrl: string | null
  /** BREAKWATER_SECRETS: a folder, as Kubernetes mounts secrets. */
  readonly secretsFolder: string | null
  /** BREAKWATER_DEBUG=1: a defect shows its stack. */
  readonly debug: boolean
  /** NO_COLOR: any value but the empty one (no-color.org). */
  readonly noColor: boolean
  /** For `{ env: NAME }` of a LoadTest, and for secrets that lie in no folder (BREAKWATER_SECRET_…). */
  readonly variables: Readonly<Record<string, string | undefined>>
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return {
    natsUrl: env.BREAKWATER_NATS_URL || null,
    secretsFolder: env.BREAKWATER_SECRETS || null,
    debug: env.BREAKWATER_DEBUG === '1',
    noColor: Boolean(env.NO_COLOR) || env.TERM === 'dumb',
    variables: env,
  }
}
