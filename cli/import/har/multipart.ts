import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { type DraftField, guess } from '../draft.ts'
import type { Fill } from './fill.ts'
import type { RecordedField } from './recording.ts'

const mostParts = 100

/** The fields of a multipart body, as it was sent (RFC 7578); null: it cannot be read as one. */
export function multipartFields(text: string, type: string, fill: Fill): readonly DraftField[] | null {
  const [, quoted, plain] = /boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))/i.exec(type) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) return null
  const chunks = text.split(`--${boundary}`, mostParts + 2)
  const parts = chunks.slice(1).flatMap((chunk) => readPart(chunk) ?? [])
  if (parts.length === 0 || chunks.length > mostParts + 1) return null
  return fieldsFrom(parts, fill)
}

/** Those of a recording that tells parts apart by itself. */
export function paramFields(params: readonly RecordedField[], fill: Fill): readonly DraftField[] | null {
  return params.length === 0 || params.length > mostParts ? null : fieldsFrom(params, fill)
}

function fieldsFrom(parts: readonly RecordedField[], fill: Fill): readonly DraftField[] | null {
  const groups = Map.groupBy(parts, ({ name }) => name)
  if ([...groups.keys()].some((name) => name === '' || name.length > 500 || forbiddenKeys.has(name)))
    return null
  return [...groups].map(([name, same]): DraftField => {
    const values = same.map((part) => partOf(part, fill))
    const lost = same.find(isLost)
    const note =
      lost === undefined
        ? {}
        : { note: guess(`the recording lacks the file; write { file: ${lost.filename ?? name} }`) }
    return { key: name.toWellFormed(), value: values.length === 1 ? (values[0] as Json) : values, ...note }
  })
}

function partOf(part: RecordedField, fill: Fill): Json {
  const { name, filename, type } = part
  const content = isLost(part) && filename !== null ? `what ${filename} holds` : part.text
  const filled = fill(content, { kind: 'form', key: name })
  const isType = /^[\w!#$&^.+-]{1,80}\/[\w!#$&^.+-]{1,80}$/.test(type)
  if (filename === null && !isType) return filled
  return {
    text: filled,
    ...(isType ? { type } : {}),
    ...(filename === null || filename === ''
      ? {}
      : { filename: fill(filename.slice(0, 200), { kind: 'form', key: '' }) }),
  }
}

/** Files are left out by browsers, and bytes that are no text cannot be written down. */
function isLost({ text, filename }: RecordedField): boolean {
  if (filename !== null && text === '') return true
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no text has.
  return /[\x00-\x08\x0e-\x1f\ufffd]/.test(text)
}

function readPart(chunk: string): RecordedField | null {
  const found = /^\r?\n([\s\S]*?)\r?\n\r?\n([\s\S]*?)\r?\n?$/.exec(chunk)
  if (found === null) return null
  const [, head = '', text = ''] = found
  const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? ''
  const name = /[;\s]name="([^"]*)"/i.exec(disposition)?.[1]
  if (name === undefined) return null
  const filename = /[;\s]filename="([^"]*)"/i.exec(disposition)?.[1] ?? null
  const type = /^content-type:[ \t]*(\S+)/im.exec(head)?.[1] ?? ''
  return { name, filename, type, text }
}
