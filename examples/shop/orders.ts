import { BoundedMap } from './bounded-map.ts'
import { productOf } from './catalog.ts'
import { digest, digestNumber } from './digest.ts'
import type { Line, Session } from './sessions.ts'

export type Payment = 'card' | 'invoice'

/** A checkout that is being worked on, until it has been asked for often enough. */
export interface Job {
  readonly id: string
  readonly user: string
  readonly tenant: string
  readonly payment: Payment
  readonly cents: number
  /** Answers `pending` that are still to come; it follows from the id, so no clock makes it more or less. */
  pending: number
  /** Null while it is pending. */
  order: string | null
}

export type Progress =
  | { readonly state: 'pending'; readonly job: Job }
  | { readonly state: 'done'; readonly job: Job; readonly order: string; readonly isNew: boolean }

const mostJobs = 50_000
const mostPending = 4

export class Orders {
  readonly #jobs = new BoundedMap<string, Job>(mostJobs)
  readonly #byOrder = new BoundedMap<string, Job>(mostJobs)

  /** Takes what is in the cart, which is empty then. */
  checkout(session: Session, payment: Payment): Job {
    const { user, tenant, visit } = session
    const id = digest('job', tenant, visit, ++session.checkouts)
    const job: Job = {
      id,
      user,
      tenant,
      payment,
      cents: totalCents(session.cart),
      pending: digestNumber(mostPending, 'pending', id),
      order: null,
    }
    session.cart = []
    this.#jobs.set(id, job)
    return job
  }

  /** One look at a job, which brings it on; undefined where this customer has none such. */
  poll(id: string, { user, tenant }: Session): Progress | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined || job.user !== user || job.tenant !== tenant) return undefined
    if (job.order !== null) return { state: 'done', job, order: job.order, isNew: false }
    if (job.pending > 0) {
      job.pending--
      return { state: 'pending', job }
    }
    job.order = digest('order', job.id)
    this.#byOrder.set(job.order, job)
    return { state: 'done', job, order: job.order, isNew: true }
  }

  find(order: string, { user, tenant }: Session): Job | undefined {
    const job = this.#byOrder.get(order)
    return job?.user === user && job.tenant === tenant ? job : undefined
  }
}

export function totalCents(cart: readonly Line[]): number {
  return cart.reduce((sum, { product, quantity }) => sum + (productOf(product)?.cents ?? 0) * quantity, 0)
}
