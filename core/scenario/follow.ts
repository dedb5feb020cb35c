import type { Op, Scope } from './compiled.ts'

/** Operations that only say where a program goes on. */
export type ControlOp = Extract<Op, { kind: 'jump' | 'unless' | 'choose' | 'forEach' | 'set' }>

/** The place at which the program goes on. `next`: the one behind the operation. `onList`: a forEach begins to go round so many items. */
export function follow(
  op: ControlOp,
  scope: Scope,
  next: number,
  onList?: (path: string, items: number) => void,
): number {
  switch (op.kind) {
    case 'jump':
      return op.to
    case 'unless':
      return op.holds(scope) ? next : op.to
    case 'choose':
      return chosen(op, scope.random())
    case 'forEach': {
      const items = op.begin(scope)
      onList?.(op.path, items)
      return items === 0 ? op.to : next
    }
    case 'set':
      op.run(scope)
      return next
    default:
      return op satisfies never
  }
}

function chosen({ bounds, targets }: Extract<Op, { kind: 'choose' }>, random01: number): number {
  for (let i = 0; i < bounds.length - 1; i++) {
    if (random01 < (bounds[i] ?? 1)) return targets[i] as number
  }
  return targets[targets.length - 1] as number
}
