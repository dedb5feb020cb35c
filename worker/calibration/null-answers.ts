const answer = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n'
const headEnd = Buffer.from('\r\n\r\n')

/** Answers that are written at once where requests come in one piece; more of them follow in the next. */
const mostAtOnce = 256
const answers = Buffer.from(answer.repeat(mostAtOnce))

/**
 * For one connection: given what has come, returns what is to be sent. Each request without a body, wherever it is cut, gets the same
 * answer; nothing of it is looked at but its end.
 */
export function createAnswering(): (bytes: Buffer) => Buffer {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    let from = 0
    let count = 0
    for (let at = all.indexOf(headEnd); at >= 0; at = all.indexOf(headEnd, from)) {
      from = at + headEnd.length
      count++
    }
    // Of what came before the end of a request, its last three bytes alone can be part of that end.
    rest = Buffer.from(all.subarray(Math.max(from, all.length - headEnd.length + 1)))
    if (count <= mostAtOnce) return answers.subarray(0, count * answer.length)
    return Buffer.from(answer.repeat(count))
  }
}
