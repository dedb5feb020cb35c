import { createHash } from 'node:crypto'

/** Hex digits that follow from the parts alone: ids that nobody guesses and everybody can compute again. */
export function digest(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 24)
}

/** 0 … below − 1, from the parts alone. */
export function digestNumber(below: number, ...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(parts.join('\0')).digest().readUInt32BE(0) % below
}
