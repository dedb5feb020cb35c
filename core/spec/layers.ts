import type { Issue, Parsed } from './issue.ts'
import type { Json } from './load-test.ts'
import { overlaid } from './overlay.ts'
import { isMap, jsonOf, originFinder, type Piece } from './piece.ts'
import { plainInput } from './plain-input.ts'
import type { Positions } from './positions.ts'
import { show } from './quantity.ts'
import { loadTestSchema } from './schema.ts'
import { type Setting, settled } from './setting.ts'

/** A text that a LoadTest is made of. */
interface Layer {
  /** What its issues say they are in; undefined: the LoadTest's own file. */
  readonly file?: string
  readonly positions?: Positions
}

export interface BaseLayer extends Layer {
  readonly value: unknown
}

export type ChangeLayer = Layer & { readonly file: string } & (
    | { readonly kind: 'overlay'; readonly value: unknown }
    | { readonly kind: 'setting'; readonly setting: Setting }
  )

export interface Merged {
  readonly value: Json
  readonly positions: Positions
}

/**
 * A LoadTest with its overlays and settings put over it, one after the other. Whatever is found wrong with it later is told where it was written. What
 * is wrong with the changes themselves is told at once: codes of plain-input.ts, overlay.ts and setting.ts.
 */
export function mergeLayers(base: BaseLayer, changes: readonly ChangeLayer[]): Parsed<Merged> {
  const layers: readonly Layer[] = [base, ...changes]
  const plain = plainInput(base.value)
  if (!plain.ok) return { ok: false, issues: plain.issues.map((issue) => located(issue, base)) }
  let piece: Piece = { kind: 'whole', value: plain.value, origin: { layer: 0, path: [] } }
  const issues: Issue[] = []
  for (const [index, change] of changes.entries()) {
    const found: Issue[] = []
    piece = changed(piece, change, index + 1, found)
    issues.push(...found.map((issue) => located(issue, change)))
  }
  if (issues.length > 0) return { ok: false, issues }
  return { ok: true, value: { value: jsonOf(piece), positions: positionsIn(piece, layers) } }
}

function changed(piece: Piece, change: ChangeLayer, layer: number, issues: Issue[]): Piece {
  if (change.kind === 'setting') {
    const { path } = change.setting
    const origin = {
      layer,
      path: path.map((segment) => (segment.kind === 'index' ? segment.index : segment.text)),
    }
    const outcome = settled(piece, change.setting, origin, loadTestSchema)
    if (!outcome.ok) issues.push(outcome.issue)
    return outcome.ok && outcome.piece !== null ? outcome.piece : piece
  }
  const plain = plainInput(change.value)
  if (!plain.ok) {
    issues.push(...plain.issues)
    return piece
  }
  // An overlay may be empty, as one that is generated.
  const overlay = plain.value ?? {}
  if (!isMap(overlay)) {
    issues.push({
      path: '',
      code: 'wrong-type',
      message: `Found ${show(overlay)} where a map should be.`,
      hint: 'Write an overlay like a LoadTest, with nothing but what changes: spec: { target: { url: … } }.',
    })
    return piece
  }
  return overlaid(piece, overlay, { layer, path: [] }, loadTestSchema, issues)
}

function located(issue: Issue, { file, positions }: Layer): Issue {
  return { ...issue, ...(file === undefined ? {} : { file }), ...positions?.find(issue.path) }
}

function positionsIn(piece: Piece, layers: readonly Layer[]): Positions {
  let origins: ReturnType<typeof originFinder> | undefined
  return {
    find(path) {
      origins ??= originFinder(piece)
      const { layer, path: there } = origins(path)
      const { file, positions } = layers[layer] as Layer
      return { ...(file === undefined ? {} : { file }), ...positions?.find(there), layer }
    },
  }
}
