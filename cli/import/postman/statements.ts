/** The statements of a script, without its comments; nothing in it is ever run. A block belongs to the statement that it ends. */
export function statementsOf(script: string): readonly string[] {
  const statements: string[] = []
  let made = ''
  let depth = 0
  const end = () => {
    if (made.trim() !== '') statements.push(made.trim())
    made = ''
  }
  for (let i = 0; i < script.length; ) {
    const character = script[i] as string
    const skipped = tokenAt(script, i)
    if (skipped > i) {
      const token = script.slice(i, skipped)
      if (!/^\/[/*]/.test(token)) made += token
      else if (token.includes('\n')) made += '\n'
      else made += ' '
      i = skipped
      continue
    }
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth--
    if (depth <= 0 && (character === ';' || (character === '\n' && isOver(made, script, i)))) end()
    else made += character
    i++
  }
  end()
  return statements
}

/** A statement on one line, blanks made one and left out before a dot; texts stay as they are. */
export function flattened(statement: string): string {
  let made = ''
  for (let i = 0; i < statement.length; ) {
    const end = Math.max(tokenAt(statement, i), i + 1)
    const piece = statement.slice(i, end)
    if (/^\s$/.test(piece)) {
      if (!made.endsWith(' ')) made += ' '
    } else made = (piece === '.' ? made.trimEnd() : made) + piece
    i = end
  }
  return made.trim()
}

/** Where a comment or a text that begins here ends; `at` where none begins. */
function tokenAt(script: string, at: number): number {
  const character = script[at] as string
  const next = script[at + 1]
  if (character === '/' && next === '/') return endOr(script.indexOf('\n', at), script.length)
  if (character === '/' && next === '*') return endOr(script.indexOf('*/', at + 2), script.length - 2) + 2
  if (character !== '"' && character !== "'" && character !== '`') return at
  for (let i = at + 1; i < script.length; i++) {
    if (script[i] === '\\') i++
    else if (script[i] === character) return i + 1
  }
  return script.length
}

function endOr(found: number, otherwise: number): number {
  return found < 0 ? otherwise : found
}

/** A line that ends within an expression goes on in the next one. */
function isOver(made: string, script: string, at: number): boolean {
  if (/[=+\-*,.(&|?:]$/.test(made.trimEnd())) return false
  return !/^\s*[.?)\]}]/.test(script.slice(at + 1, at + 100))
}
