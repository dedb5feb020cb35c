import type { Op } from '../../core/scenario/compiled.ts'

/** Where a draw in [0, 1) leads. */
export function chosen({ bounds, targets }: Extract<Op, { kind: 'choose' }>, random01: number): number {
  for (let i = 0; i < bounds.length - 1; i++) {
    if (random01 < (bounds[i] ?? 1)) return targets[i] as number
  }
  return targets[targets.length - 1] as number
}
