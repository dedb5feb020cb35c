import { checkFile } from './file-path.ts'
import { headerOf } from './headers.ts'
import type { Issue } from './issue.ts'
import type { Body, MultipartPart } from './load-test.ts'
import { mediaTypeOf } from './media-type.ts'
import { type PathSegment, under } from './path.ts'
import { show } from './quantity.ts'
import type { MultipartWish, PartWish } from './schema-body.ts'
import type { StepWish } from './schema-scenario.ts'

export const bodyKeys = ['json', 'form', 'text', 'multipart', 'body'] as const

/** `verb`: as it stands in the file. */
export function readBody(verb: string, wish: StepWish, path: string, issues: Issue[]): Body {
  const [given, second] = bodyKeys.filter((key) => wish[key] !== undefined)
  const conflict = (key: string, message: string, hint: string) =>
    issues.push({ path: under(path, [key]), code: 'conflict', message, hint })
  if (second !== undefined) {
    conflict(second, `The request has two bodies, \`${given}\` and \`${second}\`.`, 'Keep one of them.')
  }
  if (verb === 'head' && given !== undefined) {
    conflict(given, 'A HEAD request has no body.', `Leave \`${given}\` out, or write another verb.`)
  }
  const fixed = wish.form !== undefined ? 'a form' : wish.multipart !== undefined ? 'a multipart one' : null
  if (fixed !== null && headerOf(wish.headers ?? {}, 'content-type') !== undefined) {
    conflict(
      'headers',
      `The body is ${fixed}, whose content type is fixed.`,
      'Leave `content-type` out, or write the body as `text`.',
    )
  }
  if (wish.json !== undefined) return { kind: 'json', value: wish.json }
  if (wish.form !== undefined) return { kind: 'form', fields: wish.form }
  if (wish.text !== undefined) return { kind: 'text', text: wish.text }
  if (wish.multipart !== undefined) return readMultipart(wish.multipart, under(path, ['multipart']), issues)
  if (wish.body !== undefined) {
    const { file, template, type } = wish.body
    checkFile(file, under(path, ['body', 'file']), issues)
    if (type !== undefined) checkType(type, under(path, ['body', 'type']), issues)
    return { kind: 'file', file, template: template ?? false, type: type ?? mediaTypeOf(file) }
  }
  return { kind: 'none' }
}

function readMultipart(wish: MultipartWish, path: string, issues: Issue[]): Body {
  const parts = Object.entries(wish).flatMap(([name, given]) => {
    const several = Array.isArray(given)
    return (several ? given : [given]).map((part: PartWish, index): MultipartPart => {
      const place: PathSegment[] = several ? [name, index] : [name]
      return readPart(name, part, place, under(path, place), issues)
    })
  })
  if (parts.length === 0) {
    issues.push({
      path,
      code: 'out-of-range',
      message: 'The body has no parts.',
      hint: 'Write for example multipart: { note: hello, photo: { file: cat.jpg } }.',
    })
  }
  return { kind: 'multipart', parts }
}

function readPart(
  name: string,
  wish: PartWish,
  place: readonly PathSegment[],
  path: string,
  issues: Issue[],
): MultipartPart {
  if (typeof wish !== 'object') {
    return { name, place, filename: null, type: null, content: { kind: 'text', text: String(wish) } }
  }
  if (wish.type !== undefined) checkType(wish.type, under(path, ['type']), issues)
  const filename = wish.filename ?? null
  const type = wish.type ?? null
  if ('text' in wish) return { name, place, filename, type, content: { kind: 'text', text: wish.text } }
  if ('json' in wish) {
    return {
      name,
      place,
      filename,
      type: type ?? 'application/json',
      content: { kind: 'json', value: wish.json },
    }
  }
  const { file, template = false } = wish
  checkFile(file, under(path, ['file']), issues)
  return {
    name,
    place,
    // A dollar sign in the file's own name is no template.
    filename: filename ?? basename(file).replaceAll('${', '$${'),
    type: type ?? mediaTypeOf(file),
    content: { kind: 'file', file, template },
  }
}

function basename(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}

/** RFC 9110 §8.3.1, with or without parameters. */
function checkType(type: string, path: string, issues: Issue[]): void {
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\x20-\x7e]+)?$/.test(type)) return
  issues.push({
    path,
    code: 'wrong-format',
    message: `${show(type)} is not a content type.`,
    hint: 'Write for example image/jpeg, or text/plain; charset=utf-8.',
  })
}
