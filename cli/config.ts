import { homedir } from 'node:os'
import path from 'node:path'

/** What the environment says. Flags win over all of it. */
export interface CliConfig {
  /** BREAKWATER_NATS_URL */
  readonly natsUrl: string | null
  /** BREAKWATER_NATS_CREDS and so on: files that let a connection to NATS in. */
  readonly nats: {
    readonly creds: string | null
    readonly nkey: string | null
    readonly ca: string | null
    readonly cert: string | null
    readonly key: string | null
  }
  /** BREAKWATER_ALLOW_HOSTS and so on: what this process may load. */
  readonly rails: {
    readonly hosts: string | null
    readonly networks: string | null
    readonly maxRate: string | null
    readonly maxUsers: string | null
    readonly maxDuration: string | null
  }
  /** BREAKWATER_LOG_FORMAT: `text` or `json`; BREAKWATER_LOG_LEVEL: the least that is told. */
  readonly logFormat: string | null
  readonly logLevel: string | null
  /** BREAKWATER_METRICS: where this process tells of itself. */
  readonly metrics: string | null
  /** BREAKWATER_SECRETS: a folder, as Kubernetes mounts secrets. */
  readonly secretsFolder: string | null
  /** BREAKWATER_DATA: where runs over NATS are kept while they are under way; else a folder of this user for the state of programs (XDG). */
  readonly dataFolder: string
  /** BREAKWATER_DEBUG=1: a defect shows its stack. */
  readonly debug: boolean
  /** NO_COLOR: any value but the empty one (no-color.org). */
  readonly noColor: boolean
  /** Drawings are made of ASCII: no colours are wanted, or the terminal is not said to read UTF-8. */
  readonly plainText: boolean
  /** COLUMNS: how wide a line may be where there is no terminal to ask. */
  readonly columns: number | null
  /** What is kept from one command to the next (XDG_STATE_HOME, else ~/.local/state). */
  readonly stateFolder: string
  /** For `{ env: NAME }` of a LoadTest, and for secrets that lie in no folder (BREAKWATER_SECRET_…). */
  readonly variables: Readonly<Record<string, string | undefined>>
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  const noColor = Boolean(env.NO_COLOR) || env.TERM === 'dumb'
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return {
    natsUrl: env.BREAKWATER_NATS_URL || null,
    nats: {
      creds: env.BREAKWATER_NATS_CREDS || null,
      nkey: env.BREAKWATER_NATS_NKEY || null,
      ca: env.BREAKWATER_NATS_CA || null,
      cert: env.BREAKWATER_NATS_CERT || null,
      key: env.BREAKWATER_NATS_KEY || null,
    },
    rails: {
      hosts: env.BREAKWATER_ALLOW_HOSTS || null,
      networks: env.BREAKWATER_ALLOW_NETWORKS || null,
      maxRate: env.BREAKWATER_MAX_RATE || null,
      maxUsers: env.BREAKWATER_MAX_USERS || null,
      maxDuration: env.BREAKWATER_MAX_DURATION || null,
    },
    logFormat: env.BREAKWATER_LOG_FORMAT || null,
    logLevel: env.BREAKWATER_LOG_LEVEL || null,
    metrics: env.BREAKWATER_METRICS || null,
    secretsFolder: env.BREAKWATER_SECRETS || null,
    dataFolder: env.BREAKWATER_DATA || path.join(stateFolder(env), 'breakwater'),
    debug: env.BREAKWATER_DEBUG === '1',
    noColor,
    plainText: noColor || !/utf-?8/i.test(locale),
    columns: /^\d{1,4}$/.test(env.COLUMNS ?? '') ? Number(env.COLUMNS) : null,
    stateFolder: path.join(stateFolder(env), 'breakwater'),
    variables: env,
  }
}

/** Of the XDG base directory specification, which ignores relative ones. */
function stateFolder({ XDG_STATE_HOME: folder = '' }: NodeJS.ProcessEnv): string {
  return path.isAbsolute(folder) ? folder : path.join(homedir(), '.local/state')
}
