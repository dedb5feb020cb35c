import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { BreakwaterError } from '../core/error.ts'
import { secretVariable } from '../core/spec/reference.ts'
import { type PlacedReference, type SecretLookup, variableIn } from '../core/spec/references.ts'

export interface SecretPlaces {
  /** Holds files SECRET/KEY, as Kubernetes mounts secrets. Null: none was named. */
  readonly folder: string | null
  /** Looked into for what is not in the folder: BREAKWATER_SECRET_<SECRET>_<KEY>. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What Kubernetes allows. */
const largestBytes = 1024 * 1024

/**
 * Reads the secrets among these references, each once. What is not there is undefined, and an issue of the LoadTest.
 * @throws BreakwaterError `usage` for a folder that is none, `file-unreadable` for a file that is there and can't be read.
 */
export async function readSecrets(
  named: readonly PlacedReference[],
  { folder, environment }: SecretPlaces,
): Promise<SecretLookup> {
  if (folder !== null) await expectFolder(folder)
  const values = new Map<string, Uint8Array | undefined>()
  for (const { reference } of named) {
    if (reference.kind !== 'secret') continue
    const { secret, key } = reference
    const name = `${secret}/${key}`
    // What the language doesn't allow is no path either: it may lead out of the folder.
    if (values.has(name) || !/^[\w-][\w.-]*\/\.?[\w-][\w.-]*$/.test(name)) continue
    const inFolder = folder === null ? undefined : await readIfThere(path.join(folder, secret, key))
    values.set(name, inFolder ?? encoded(variableIn(environment, secretVariable(secret, key))))
  }
  return (secret, key) => values.get(`${secret}/${key}`)
}

async function expectFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null)
  if (found?.isDirectory()) return
  throw new BreakwaterError(
    'usage',
    `the folder of secrets ${folder} ${found === null ? 'does not exist' : 'is no folder'}`,
    { hint: 'Name one that holds a file for each key: --secrets DIR with DIR/shop/token.' },
  )
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(file)
    if (size > largestBytes) {
      throw new BreakwaterError('file-unreadable', `${file} has ${size} bytes`, {
        hint: `A secret may have ${largestBytes} (1 MiB), as in Kubernetes.`,
      })
    }
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if (error instanceof BreakwaterError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new BreakwaterError('file-unreadable', `${file} cannot be read (${code})`, {
      hint: code === 'EISDIR' ? 'A key of a secret is a file.' : 'See that this user may read it.',
      cause: error,
    })
  }
}

function encoded(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : new TextEncoder().encode(text)
}
