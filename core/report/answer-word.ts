import type { FailureSample } from '../measure/request-error.ts'

const messageSteps: ReadonlySet<string> = new Set(['SEND', 'EXPECT', 'CLOSE'])

/** What came of a request, in a word: its status; `message` for one of a stream, which has none. */
export function answerWord(
  { request, response }: Pick<FailureSample, 'request' | 'response'>,
  isGood: boolean,
): string {
  const isMessage = messageSteps.has(request.method)
  if (response === null) return isMessage && isGood ? 'done' : 'no answer'
  return isMessage ? 'message' : `${response.status}`
}
