import type { Think } from '../../core/spec/load-test.ts'

/** z(0.95) of the standard normal distribution. */
const z95 = 1.6448536269514722

/** A think time in ms; `random` draws from [0, 1). */
export function thinkMs(think: Think, random: { random(): number }): number {
  switch (think.kind) {
    case 'constant':
      return think.ms
    case 'range':
      return think.fromMs + (think.toMs - think.fromMs) * random.random()
    case 'exponential':
      return -think.meanMs * Math.log(1 - random.random())
    case 'lognormal': {
      // median·exp(σz), p95 = median·exp(σ·z95); z by Box and Muller (1958).
      const sigma = Math.log(think.p95Ms / think.medianMs) / z95
      const radius = Math.sqrt(-2 * Math.log(1 - random.random()))
      return think.medianMs * Math.exp(sigma * radius * Math.cos(2 * Math.PI * random.random()))
    }
    default:
      return think satisfies never
  }
}
