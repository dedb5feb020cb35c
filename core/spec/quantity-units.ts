import {
  highestRate,
  longestMs,
  type Reading,
  readDuration,
  readPercent,
  readRate,
  readSize,
} from './quantity.ts'

/** How quantities are written, for people. */
export interface QuantityUnits {
  readonly what: string
  readonly units: string
  readonly bounds: string
  readonly examples: readonly string[]
  readonly read: (input: unknown) => Reading
}

export const quantityUnits: readonly QuantityUnits[] = [
  {
    what: 'duration',
    units: '`ms`, `s`, `m`, `h`, `d`; a number without one is an error',
    bounds: `up to ${longestMs / 86_400_000} days`,
    examples: ['250ms', '1.5s', '10m', '2h', '1d'],
    read: readDuration,
  },
  {
    what: 'rate',
    units: 'a number of iterations per second, or a number and `/s`, `/m`, `/h`',
    bounds: `up to ${highestRate.toLocaleString('en-US')} per second`,
    examples: ['50', '30/m', '100/h'],
    read: readRate,
  },
  {
    what: 'size',
    units: '`B`; `KB`, `MB`, `GB` of thousands; `KiB`, `MiB`, `GiB` of 1,024',
    bounds: '',
    examples: ['200B', '1MB', '10KiB'],
    read: readSize,
  },
  { what: 'percentage', units: '`%`', bounds: '0% to 100%', examples: ['1%', '0.1%'], read: readPercent },
]
