import type { Command } from 'commander'
import type { Console } from './console.ts'
import { several } from './flags.ts'

type Leaf = (command: Command, description: string, lines: readonly string[]) => Command

const outHelp = 'file to write; an existing one is kept (default: standard output)'

/** `breakwater import …`: what other tools have written, as LoadTests. */
export function addImport(
  program: Command,
  leaf: Leaf,
  console: Console,
  done: (exitCode: number) => void,
): void {
  const group = program
    .command('import')
    .description('a LoadTest from a recording, a description or a collection of another tool')
    .addHelpText('after', '\nExample:\n  breakwater import har shop.har --out test.yaml\n')

  leaf(
    group.command('har <file>'),
    'a browser recording (HAR 1.2): its requests in order, ids and tokens captured',
    [
      'breakwater import har shop.har --out test.yaml',
      'breakwater import har shop.har --host shop.test --think',
    ],
  )
    .option('--out <file>', outHelp)
    .option('--host <host>', 'the host to load (default: the one that most pages came from)')
    .option('--include <host>', 'another host to keep, as one of `targets`; may be repeated', several)
    .option('--assets', 'keep pictures, styles, scripts and fonts')
    .option('--think', 'keep the pauses between requests')
    .option(
      '--keep-header <name>',
      'keep a header that is left out, such as origin; may be repeated',
      several,
    )
    .action(async (file: string, flags) => {
      const { importHar } = await import('./commands/import.ts')
      done(await importHar(console, file, flags))
    })

  leaf(
    group.command('openapi <file>'),
    'an API description (OpenAPI 3.0, 3.1): its operations, with made-up values',
    [
      'breakwater import openapi petstore.yaml --out test.yaml',
      'breakwater import openapi petstore.yaml --url http://127.0.0.1:8080 --operations safe',
    ],
  )
    .option('--out <file>', outHelp)
    .option('--url <url>', "where to send it (default: the document's first server)")
    .option('--operations <which>', 'all, safe (GET and HEAD), or ids with commas between', 'all')
    .action(async (file: string, flags) => {
      const { importOpenapi } = await import('./commands/import.ts')
      done(await importOpenapi(console, file, flags))
    })

  leaf(
    group.command('postman <file>'),
    'a Postman collection (v2.0, v2.1): its requests in order, folders as groups',
    [
      'breakwater import postman shop.postman_collection.json --out test.yaml',
      'breakwater import postman shop.postman_collection.json --url http://127.0.0.1:8080',
    ],
  )
    .option('--out <file>', outHelp)
    .option('--url <url>', 'where to send it (default: the host that most requests go to)')
    .action(async (file: string, flags) => {
      const { importPostman } = await import('./commands/import.ts')
      done(await importPostman(console, file, flags))
    })
}
