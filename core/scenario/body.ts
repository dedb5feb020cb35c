import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Files } from '../spec/files.ts'
import type { Body, MultipartPart } from '../spec/load-test.ts'
import type { RenderedBody } from './compiled.ts'
import { formEncode } from './encoding.ts'
import { compileField, compileJsonText, compileText } from './expression.ts'
import type { Names } from './names.ts'
import { joined, known, mapped, type Part } from './part.ts'
import { mostRendered, TooLargeError } from './rendered-size.ts'
import { randomString } from './template-functions.ts'
import type { UserScope } from './user-scope.ts'

/** A body, and the content type that goes with it; null: none. */
export interface CompiledBody {
  readonly type: Part<string> | null
  readonly body: Part<RenderedBody>
  /** Comes before both are rendered; null: nothing does. */
  readonly begin: ((scope: UserScope) => void) | null
}

export function compileBody(body: Body, names: Names, files: Files): CompiledBody {
  switch (body.kind) {
    case 'none':
      return { ...plain, type: null, body: known(null) }
    case 'json':
      return { ...plain, type: known('application/json'), body: compileJsonText(body.value, names) }
    case 'form':
      return {
        ...plain,
        type: known('application/x-www-form-urlencoded'),
        body: joined(
          Object.entries(body.fields).flatMap(([name, value], i) => [
            known(`${i === 0 ? '' : '&'}${formEncode(name)}=`),
            compileField(value, names, formEncode),
          ]),
        ),
      }
    case 'text':
      return { ...plain, type: known('text/plain; charset=utf-8'), body: compileText(body.text, names) }
    case 'file': {
      const bytes = fileOf(body.file, files)
      return {
        ...plain,
        type: known(body.type),
        body: body.template ? compileText(textOfFile(bytes), names) : known(bytes),
      }
    }
    case 'multipart':
      return compileMultipart(body.parts, names, files)
    default:
      return body satisfies never
  }
}

const plain = { begin: null }

/** Of a LoadTest that has been completed with its files. */
function fileOf(name: string, files: Files): Uint8Array {
  const bytes = Object.hasOwn(files, name) ? files[name] : undefined
  if (bytes === undefined) throw new TypeError(`the file ${name} was not handed over`)
  return bytes
}

function textOfFile(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

type Piece = Part<string> | Uint8Array

const line = '\r\n'

/**
 * RFC 7578. What doesn't vary is written once, files are handed on as they are: however many requests send one, it is in memory once. The boundary
 * is drawn anew for each request where something varies; else it follows from what is sent.
 */
function compileMultipart(parts: readonly MultipartPart[], names: Names, files: Files): CompiledBody {
  const pieces = parts.flatMap((part) => partPieces(part, names, files))
  const isSettled = pieces.every((piece) => piece instanceof Uint8Array || !piece.varies)
  const boundary: Part<string> = isSettled
    ? known(settledBoundary(parts, pieces))
    : { varies: true, of: (scope) => scope.boundary }
  const delimiter = mapped(boundary, (text) => `--${text}`)
  // Each part is header and content; a delimiter stands before each and behind the last one.
  const whole = parts.flatMap((_, i): Piece[] => [delimiter, ...pieces.slice(2 * i, 2 * i + 2), known(line)])
  return {
    type: mapped(boundary, (text) => `multipart/form-data; boundary=${text}`),
    body: rendered([...whole, delimiter, known(`--${line}`)]),
    begin: isSettled
      ? null
      : (scope) => {
          scope.boundary = `breakwater-${randomString(scope.draws, 24)}`
        },
  }
}

/** The head of a part, from the end of its delimiter on, and its content. */
function partPieces(part: MultipartPart, names: Names, files: Files): [Piece, Piece] {
  const { name, filename, type, content } = part
  const head = joined([
    known(`${line}content-disposition: form-data; name="${escaped(name)}"`),
    ...(filename === null
      ? []
      : [known('; filename="'), mapped(compileText(filename, names), escaped), known('"')]),
    known(`${type === null ? '' : `${line}content-type: ${type}`}${line}${line}`),
  ])
  switch (content.kind) {
    case 'text':
      return [head, compileText(content.text, names)]
    case 'json':
      return [head, compileJsonText(content.value, names)]
    case 'file': {
      const bytes = fileOf(content.file, files)
      return [head, content.template ? compileText(textOfFile(bytes), names) : bytes]
    }
    default:
      return content satisfies never
  }
}

/** As browsers do it (URL standard's form data, §4.10.21.8 of HTML). */
function escaped(text: string): string {
  return text.replace(/\r\n?|\n|"/g, (found) => (found === '"' ? '%22' : '%0D%0A'))
}

/** Of a file, the beginning and the size. */
const hashedBytes = 1024

/** Nobody who writes what is sent can put the boundary into it. */
function settledBoundary(parts: readonly MultipartPart[], pieces: readonly Piece[]): string {
  const hash = sha256.create().update(utf8ToBytes(JSON.stringify(parts)))
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) continue
    hash.update(piece.slice(0, hashedBytes)).update(utf8ToBytes(`${piece.length} `))
  }
  return `breakwater-${bytesToHex(hash.digest()).slice(0, 24)}`
}

/** Bodies up to this size are written in one piece. */
const smallBytes = 1 << 16

function rendered(pieces: readonly Piece[]): Part<RenderedBody> {
  const runs = runsOf(pieces)
  const [only] = runs
  if (runs.length === 1 && only !== undefined && !(only instanceof Uint8Array)) return only
  const inFiles = runs.reduce((sum, run) => sum + (run instanceof Uint8Array ? run.length : 0), 0)
  const pack = inFiles <= smallBytes ? concatenated : (chunks: readonly Uint8Array[]) => chunks
  const settled = runs.map((run) =>
    run instanceof Uint8Array ? run : run.varies ? null : new TextEncoder().encode(run.value),
  )
  if (settled.every((chunk) => chunk !== null)) return known(pack(settled))
  const encoder = new TextEncoder()
  const makers = runs.map((run) => (run instanceof Uint8Array || !run.varies ? null : run.of))
  return {
    varies: true,
    of(scope) {
      let characters = 0
      const chunks = settled.map((chunk, i) => {
        if (chunk !== null) return chunk
        const text = makers[i]?.(scope) ?? ''
        characters += text.length
        if (characters > mostRendered) throw new TooLargeError()
        return encoder.encode(text)
      })
      return pack(chunks)
    },
  }
}

/** Texts that follow each other become one. */
function runsOf(pieces: readonly Piece[]): Piece[] {
  const runs: Piece[] = []
  let texts: Part<string>[] = []
  const flush = () => {
    if (texts.length > 0) runs.push(joined(texts))
    texts = []
  }
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) texts.push(piece)
    else if (piece.length > 0) {
      flush()
      runs.push(piece)
    }
  }
  flush()
  return runs
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
