import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import type { Body } from './load-test.ts'
import { under } from './path.ts'
import { isUtf8 } from './utf8.ts'

/** A file whose text has holes, and where the LoadTest names it. */
interface TemplateFile {
  readonly file: string
  readonly path: string
}

/** Of a request on that path. */
export function templateFilesOf(body: Body, path: string): readonly TemplateFile[] {
  if (body.kind === 'file')
    return body.template ? [{ file: body.file, path: under(path, ['body', 'file']) }] : []
  if (body.kind !== 'multipart') return []
  return body.parts.flatMap(({ content, place }) =>
    content.kind === 'file' && content.template
      ? [{ file: content.file, path: under(path, ['multipart', ...place, 'file']) }]
      : [],
  )
}

/** A line with a hole in it. A hole stands on one line. */
export interface TemplateLine extends TemplateFile {
  readonly line: number
  readonly text: string
}

/** Nothing where the file is missing, or is no text: that is told elsewhere. */
export function* templateLines({ file, path }: TemplateFile, files: Files): Generator<TemplateLine> {
  const bytes = Object.hasOwn(files, file) ? files[file] : undefined
  if (bytes === undefined || !isUtf8(bytes)) return
  const lines = new TextDecoder().decode(bytes).split('\n')
  for (const [index, text] of lines.entries()) {
    if (text.includes('${')) yield { file, path, line: index + 1, text }
  }
}

export function checkTemplateFiles(bodies: readonly TemplateFile[], files: Files, issues: Issue[]): void {
  for (const { file, path } of bodies) {
    const bytes = Object.hasOwn(files, file) ? files[file] : undefined
    if (bytes === undefined || isUtf8(bytes)) continue
    issues.push({
      path,
      code: 'not-text',
      message: `${file} is not UTF-8 text, so there can be no holes in it.`,
      hint: 'Save it as UTF-8, or leave `template` out to send its bytes as they are.',
    })
  }
}
