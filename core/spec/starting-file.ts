import { apiVersion } from './schema.ts'

/**
 * The file that `breakwater init` writes: every part that a first test needs, explained, and valid as it is. `schema`: the JSON Schema beside it, for
 * editors; null: there is none yet.
 */
export function startingFile(url: string, schema: string | null): string {
  const { name, base, path } = partsOf(url)
  return `${schema === null ? noSchemaLine : editorLine(schema)}
# A LoadTest for breakwater. Check it with \`breakwater validate\`, run it with \`breakwater run\`.
apiVersion: ${apiVersion}
kind: LoadTest
metadata: { name: ${JSON.stringify(name)} }
spec:
  target:
    url: ${JSON.stringify(base)}
    timeout: 10s                        # of a request, its connection included

  # Values for templates such as \${tier}. A value from your environment is kept out of all results.
  variables: { tier: gold }             # or { tier: gold, token: { env: API_TOKEN } }

  scenarios:
    - name: browse
      think: 200ms..1s                  # between the steps
      steps:
        - get: ${JSON.stringify(path)}
          name: home                    # what the step is called in the results
          headers: { x-request-id: "\${uuid()}" }
          check: { status: 200, time: "< 5s" }
          # capture: { id: { json: "$.items[0].id" } }    # then \${id} in later steps

  load:                                 # phases follow each other
    - { phase: warmup, rate: 1, duration: 5s, record: false }
    - { phase: ramp, rate: { from: 1, to: 10 }, duration: 30s }     # iterations started per second
    - { phase: steady, rate: 10, duration: 1m }
    # - { phase: people, users: 20, duration: 1m }                  # or a number of people

  objectives:                           # what decides between pass and fail
    - p95 < 1s
    - error_rate < 1%
    - rate >= 95% of planned            # iterations that end inside their phase; long pauses need a lower bound
    - { that: "error_rate < 50%", over: 10s, abort: true }          # stop early when it makes no sense to go on
`
}

const noSchemaLine = '# For completion in an editor: breakwater schema --out loadtest.schema.json'

/** The comment by which the YAML language server, and so most editors, finds the schema of a file. */
export function editorLine(schema: string): string {
  return `# yaml-language-server: $schema=${schema}`
}

/** A URL that cannot be read stays as it is: validation says what is wrong with it. */
function partsOf(url: string): { name: string; base: string; path: string } {
  if (!URL.canParse(url)) return { name: 'my-test', base: url, path: '/' }
  const { protocol, host, hostname, pathname, search } = new URL(url)
  const name = hostname.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9.-]|\.+$/g, '') || 'my-test'
  return { name, base: `${protocol}//${host}`, path: `${pathname === '' ? '/' : pathname}${search}` }
}
