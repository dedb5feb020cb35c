import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import type { LoadTest, Tls } from './load-test.ts'
import { under } from './path.ts'
import { fileText, secretOfFile } from './secret-file.ts'
import { targetPaths, targetsOf } from './targets.ts'

/** Files of `tls`, with their places. */
export function pemPlaces(
  { caFile, certFile, keyFile }: Tls,
  path: string,
): readonly { readonly part: 'ca' | 'cert' | 'key'; readonly name: string; readonly path: string }[] {
  const parts = [
    { part: 'ca', name: caFile },
    { part: 'cert', name: certFile },
    // Where it is that of the certificate, no place of its own names it.
    { part: 'key', name: keyFile === certFile ? null : keyFile },
  ] as const
  return parts.flatMap(({ part, name }) =>
    name === null
      ? []
      : [{ part, name, path: under(path, ['tls', part, secretOfFile(name) ? 'secret' : 'file']) }],
  )
}

/**
 * Whether PEM files hold what they are named for: else each handshake would fail for a reason that names another culprit. Code `wrong-pem`.
 */
export function checkPems(test: LoadTest, files: Files, issues: Issue[]): void {
  const paths = targetPaths(test)
  for (const [number, { tls }] of targetsOf(test).entries()) {
    for (const { part, name, path } of pemPlaces(tls, paths[number] ?? '')) {
      const text = textOf(files, name)
      if (text === undefined) continue
      const wrong = (message: string, hint: string) => issues.push({ path, code: 'wrong-pem', message, hint })
      if (part !== 'key' && !text.includes('-----BEGIN CERTIFICATE-----')) {
        wrong(
          `There is no certificate in PEM in ${fileText(name)}.`,
          part === 'ca'
            ? "Name the file of the authority that signed the target's certificate: it has lines such as -----BEGIN CERTIFICATE-----."
            : 'Name the file of the certificate to show: it has lines such as -----BEGIN CERTIFICATE-----.',
        )
      }
      if (part === 'key' || (part === 'cert' && tls.keyFile === tls.certFile))
        checkKey(text, name, part, wrong)
    }
  }
}

function checkKey(
  text: string,
  name: string,
  part: 'cert' | 'key',
  wrong: (message: string, hint: string) => void,
): void {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    wrong(
      `The private key in ${fileText(name)} is encrypted.`,
      `Decrypt it: openssl pkey -in ${name} -out client.key.`,
    )
  } else if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(text)) {
    wrong(
      `There is no private key in PEM in ${fileText(name)}.`,
      part === 'cert'
        ? 'Name the file of the key: key: { file: client.key }.'
        : 'Name the file of the key that belongs to `cert`: it has a line -----BEGIN PRIVATE KEY-----.',
    )
  }
}

function textOf(files: Files, name: string): string | undefined {
  const bytes = Object.hasOwn(files, name) ? files[name] : undefined
  return bytes && new TextDecoder().decode(bytes)
}
