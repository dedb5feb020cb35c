import { duration } from '../../plan/plan-format.ts'
import type { Think } from '../../spec/load-test.ts'

/** 1s, 200ms … 1s, about 2s */
export function thinkWords(think: Think): string {
  switch (think.kind) {
    case 'constant':
      return duration(think.ms)
    case 'range':
      return `${duration(think.fromMs)} … ${duration(think.toMs)}`
    case 'lognormal':
      return `about ${duration(think.medianMs)}, 95 % below ${duration(think.p95Ms)}`
    case 'exponential':
      return `${duration(think.meanMs)} on average, exponential`
    default:
      return think satisfies never
  }
}
