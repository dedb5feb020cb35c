import type { Issue } from './issue.ts'
import type { GrpcStep } from './load-test.ts'
import { under } from './path.ts'
import type { StepWish } from './schema-scenario.ts'

/** What a call sends: one message, or those of a stream. Which of the two the method wants, its proto file tells. */
export function sentMessages(
  wish: StepWish,
  path: string,
  issues: Issue[],
): Pick<GrpcStep, 'messages' | 'messagesFrom' | 'betweenMs'> {
  const { message, messages, between } = wish
  const conflict = (key: string, text: string, hint: string) => {
    issues.push({ path: under(path, [key]), code: 'conflict', message: text, hint })
  }
  if (message !== undefined && messages !== undefined) {
    conflict('messages', 'The call has both `message` and `messages`.', 'Keep one of them.')
  }
  if (between !== undefined && (messages?.length ?? 0) < 2) {
    conflict(
      'between',
      'The call sends fewer than two messages, so that there is nothing between them.',
      'Write several under `messages`, or leave `between` out.',
    )
  }
  const betweenMs = between ?? 0
  if (messages !== undefined) return { messages, messagesFrom: 'messages', betweenMs }
  return { messages: [message ?? {}], messagesFrom: message === undefined ? null : 'message', betweenMs }
}

/** Where a message of a step stands in the file. */
export function messagePath(
  { path, messagesFrom }: Pick<GrpcStep, 'path' | 'messagesFrom'>,
  index: number,
): string {
  return under(path, messagesFrom === 'messages' ? ['messages', index] : ['message'])
}

/** What HTTP/2 and gRPC say themselves. */
const protocolsOwn = new Set(['te', 'content-type', 'user-agent', 'host', 'connection'])
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/** Names and values as gRPC over HTTP/2 allows them: ASCII, but for names that end in `-bin`, whose values are bytes, here in base64. */
export function checkMetadata(
  metadata: Readonly<Record<string, string>>,
  path: string,
  issues: Issue[],
): void {
  for (const [name, value] of Object.entries(metadata)) {
    const wrong = (message: string, hint: string, code = 'wrong-format') => {
      issues.push({ path: under(path, [name]), code, message, hint })
    }
    const lower = name.toLowerCase()
    const literals = value.replace(/\$\{[^}]*\}/g, '')
    if (!/^[0-9a-z_.-]+$/.test(lower)) {
      wrong(
        `${JSON.stringify(name.slice(0, 60))} cannot be the name of metadata.`,
        'Write letters, digits, _, - and dots.',
      )
    } else if (lower.startsWith('grpc-') || protocolsOwn.has(lower)) {
      wrong(`The metadata \`${name}\` is written by gRPC itself.`, 'Leave it out.', 'conflict')
    } else if (lower.endsWith('-bin')) {
      if (literals === value && !base64.test(value)) {
        wrong(`The value of \`${name}\` is not base64.`, 'Write its bytes in base64, such as AAEC.')
      }
    } else if (!/^[\x20-\x7e]*$/.test(literals)) {
      wrong(
        `The value of \`${name}\` holds characters beyond printable ASCII.`,
        `Write them in base64 under a name that ends in -bin: ${lower}-bin.`,
      )
    }
  }
}
