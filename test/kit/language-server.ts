import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Completion {
  readonly label: string
  readonly documentation?: string | { readonly value: string }
  readonly insertText?: string
}

export interface Diagnostic {
  readonly message: string
  readonly range: { readonly start: { readonly line: number; readonly character: number } }
}

/** The server behind VS Code's YAML extension, over its standard input and output. */
export interface LanguageServer {
  /** Opens a text as if it were the file at `path`, in which `|` marks the cursor, and asks for what could stand there. */
  complete(path: string, textWithCursor: string): Promise<readonly Completion[]>
  /** What is shown for the word at the cursor. */
  hover(path: string, textWithCursor: string): Promise<string>
  /** What is wrong with a text. */
  diagnose(path: string, text: string): Promise<readonly Diagnostic[]>
  stop(): void
}

type Message = {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

const program = join(import.meta.dirname, '../../node_modules/yaml-language-server/bin/yaml-language-server')
const settings = { yaml: { validate: true, hover: true, completion: true, schemaStore: { enable: false } } }

export async function startLanguageServer(): Promise<LanguageServer> {
  const child = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const connection = createConnection(child)
  await connection.request('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      textDocument: {
        completion: { completionItem: { documentationFormat: ['markdown'], snippetSupport: true } },
        hover: { contentFormat: ['markdown'] },
      },
      workspace: { configuration: true },
    },
  })
  connection.notify('initialized', {})
  let version = 0
  const open = (uri: string, text: string): void => {
    version++
    connection.notify('textDocument/didOpen', {
      textDocument: { uri, languageId: 'yaml', version, text },
    })
  }
  const at = async (method: string, path: string, marked: string): Promise<unknown> => {
    const cursor = marked.indexOf('|')
    const before = marked.slice(0, cursor).split('\n')
    const uri = pathToFileURL(path).href
    open(uri, before.join('\n') + marked.slice(cursor + 1))
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    try {
      return await connection.request(method, { textDocument: { uri }, position })
    } finally {
      connection.notify('textDocument/didClose', { textDocument: { uri } })
    }
  }
  return {
    async complete(path, marked) {
      const answer = (await at('textDocument/completion', path, marked)) as {
        readonly items: readonly Completion[]
      }
      return answer.items
    },
    async hover(path, marked) {
      const answer = (await at('textDocument/hover', path, marked)) as {
        readonly contents: { readonly value: string }
      } | null
      return answer?.contents.value ?? ''
    },
    async diagnose(path, text) {
      // One of its own: closing a text tells that nothing is wrong with it any more.
      const uri = pathToFileURL(path.replace(/\.yaml$/, `-${version}.yaml`)).href
      const told = connection.notified(
        'textDocument/publishDiagnostics',
        (params) => (params as { uri: string }).uri === uri,
      )
      open(uri, text)
      const { diagnostics } = (await told) as { readonly diagnostics: readonly Diagnostic[] }
      connection.notify('textDocument/didClose', { textDocument: { uri } })
      return diagnostics
    },
    stop: () => void child.kill(),
  }
}

function createConnection(child: ChildProcess) {
  let buffer = Buffer.alloc(0)
  let id = 0
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const awaited = new Map<
    string,
    { matches: (params: unknown) => boolean; resolve: (params: unknown) => void }[]
  >()
  const send = (message: object) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  child.stdout?.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      const head = /^Content-Length: (\d+)\r\n(?:[^\r]*\r\n)*?\r\n/.exec(buffer.toString('latin1', 0, 200))
      const from = head?.[0].length ?? 0
      const length = Number(head?.[1])
      if (head === null || buffer.length < from + length) return
      const message = JSON.parse(buffer.toString('utf8', from, from + length)) as Message
      buffer = buffer.subarray(from + length)
      take(message)
    }
  })

  function take({ id, method, params, result, error }: Message): void {
    if (method === undefined) {
      const request = pending.get(id ?? -1)
      pending.delete(id ?? -1)
      if (error === undefined) request?.resolve(result)
      else request?.reject(new Error(JSON.stringify(error)))
      return
    }
    if (id !== undefined) {
      const items = (params as { readonly items?: readonly { readonly section: string }[] }).items ?? []
      const known = settings as Readonly<Record<string, unknown>>
      send({
        id,
        result:
          method === 'workspace/configuration' ? items.map(({ section }) => known[section] ?? null) : null,
      })
      return
    }
    const waiting = awaited.get(method) ?? []
    for (const one of waiting.filter((one) => one.matches(params))) one.resolve(params)
    awaited.set(
      method,
      waiting.filter((one) => !one.matches(params)),
    )
  }

  return {
    notify: (method: string, params: unknown) => send({ method, params }),
    request(method: string, params: unknown): Promise<unknown> {
      id++
      const own = id
      return new Promise((resolve, reject) => {
        pending.set(own, { resolve, reject })
        send({ id: own, method, params })
      })
    },
    notified(method: string, matches: (params: unknown) => boolean): Promise<unknown> {
      return new Promise((resolve) => {
        awaited.set(method, [...(awaited.get(method) ?? []), { matches, resolve }])
      })
    },
  }
}
