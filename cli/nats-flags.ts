import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { NatsAccess } from '../bus/nats-access.ts'
import { BreakwaterError } from '../core/error.ts'
import type { CliConfig } from './config.ts'

/** How a command reaches NATS. */
export interface NatsFlags {
  readonly nats?: string
  readonly natsCreds?: string
  readonly natsNkey?: string
  readonly natsCa?: string
  readonly natsCert?: string
  readonly natsKey?: string
}

export function withNatsFlags(command: Command, use: string): Command {
  return command
    .option('--nats <url>', `${use} (BREAKWATER_NATS_URL)`)
    .option('--nats-creds <file>', "a NATS user's .creds file (BREAKWATER_NATS_CREDS)")
    .option('--nats-nkey <file>', "seed of a NATS user's NKey (BREAKWATER_NATS_NKEY)")
    .option('--nats-ca <file>', "who signed the NATS server's certificate, PEM (BREAKWATER_NATS_CA)")
    .option('--nats-cert <file>', 'certificate to show the NATS server, PEM (BREAKWATER_NATS_CERT)')
    .option('--nats-key <file>', 'key of that certificate, PEM (BREAKWATER_NATS_KEY)')
}

/** @throws BreakwaterError `usage`, or `file-unreadable` */
export async function readNatsAccess(flags: NatsFlags, config: CliConfig): Promise<NatsAccess> {
  const { creds, nkey, ca, cert, key } = config.nats
  const files = {
    creds: flags.natsCreds ?? creds,
    nkey: flags.natsNkey ?? nkey,
    ca: flags.natsCa ?? ca,
    cert: flags.natsCert ?? cert,
    key: flags.natsKey ?? key,
  }
  if (files.creds !== null && files.nkey !== null) {
    throw new BreakwaterError('usage', 'both credentials and an NKey are given for NATS', {
      hint: 'Leave out --nats-creds or --nats-nkey (BREAKWATER_NATS_CREDS, BREAKWATER_NATS_NKEY): one user logs in.',
    })
  }
  if ((files.cert === null) !== (files.key === null)) {
    const missing = files.cert === null ? '--nats-cert' : '--nats-key'
    throw new BreakwaterError('usage', 'a certificate for NATS and its key go together', {
      hint: `Give ${missing} too.`,
    })
  }
  return {
    creds: await secretIn(files.creds),
    nkey: await secretIn(files.nkey),
    ca: await pemIn(files.ca),
    client:
      files.cert === null || files.key === null
        ? null
        : { cert: (await pemIn(files.cert)) ?? '', key: (await pemIn(files.key)) ?? '' },
  }
}

async function secretIn(file: string | null): Promise<NatsAccess['creds']> {
  return file === null ? null : { file, text: await textOf(file) }
}

async function pemIn(file: string | null): Promise<string | null> {
  if (file === null) return null
  const text = await textOf(file)
  if (/-----BEGIN [A-Z ]+-----/.test(text)) return text
  throw new BreakwaterError('usage', `${file} is no PEM file`, {
    hint: 'It begins with -----BEGIN CERTIFICATE----- or the like.',
  })
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException
    throw new BreakwaterError('file-unreadable', `${file} cannot be read (${code})`, {
      hint: 'Name a file that is there and may be read by this user.',
      cause,
    })
  }
}
