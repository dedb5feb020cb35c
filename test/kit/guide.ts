import { globSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Certificates } from './certificates.ts'

export const root = join(import.meta.dirname, '../..')

/**
 * A fenced block of a page. What stands behind the language says what it is: `LoadTest` a whole file, `spec` some fields below `spec`, `steps` the
 * steps of a scenario, `overlay` what is put over the first LoadTest of the page.
 */
export interface Example {
  readonly page: string
  /** `docs/guide/verdict.md:12`. */
  readonly at: string
  readonly language: string
  readonly kind: string
  readonly text: string
}

/** Everything a user reads, relative to the checkout. */
export function pages(): readonly string[] {
  return [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    ...globSync('{docs,examples}/**/*.md', { cwd: root }).sort(),
  ]
}

export function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

export function examplesOf(page: string): readonly Example[] {
  const text = read(page)
  return [...text.matchAll(/^```(\w+)(?: (\w+))?\n(.*?)^```$/gms)].map((found) => ({
    page,
    at: `${page}:${text.slice(0, found.index).split('\n').length}`,
    language: found[1] ?? '',
    kind: found[2] ?? '',
    text: found[3] ?? '',
  }))
}

const smallest = {
  target: { url: 'http://shop.test' },
  scenarios: [{ name: 'browse', steps: [{ get: '/' }] }],
  load: [{ phase: 'steady', rate: 100, duration: '1m' }],
}

/** The LoadTest that an example is, or is a part of, as text. */
export function loadTestOf({ page, kind, text }: Example): string {
  switch (kind) {
    case 'overlay':
      return examplesOf(page).find((example) => example.kind === 'LoadTest')?.text ?? ''
    case 'LoadTest':
      return text
    case 'spec':
      return document(parse(text))
    case 'steps':
      return document({ scenarios: [{ name: 'browse', steps: parse(text) }] })
    default:
      throw new Error(`what is a ${kind}?`)
  }
}

/** The files that examples name, beside each other in a folder; real certificates, since their content is read. */
export async function writeExampleFiles(folder: string, { ca, client }: Certificates): Promise<void> {
  await mkdir(join(folder, 'shop'), { recursive: true })
  for (const file of ['users.csv', 'shop.proto', 'shop/users.csv'])
    await copyFile(join(root, 'examples', file), join(folder, file))
  await writeFile(join(folder, 'traffic.csv'), 'seconds,rate\n0,50\n60,180\n120,90\n')
  await writeFile(join(folder, 'ca.pem'), ca)
  await writeFile(join(folder, 'client.pem'), client.cert)
  await writeFile(join(folder, 'client.key'), client.key)
  await writeFile(join(folder, 'goods.json'), '[{"id":1},{"id":2}]')
  await writeFile(join(folder, 'order.xml'), '<order id="${iteration()}"/>')
  await writeFile(join(folder, 'cat.jpg'), Uint8Array.of(0xff, 0xd8, 0xff, 0xd9))
}

/** JSON is YAML. */
function document(spec: object): string {
  const whole = { ...smallest, ...spec }
  return JSON.stringify({
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'shop' },
    spec: whole,
  })
}
