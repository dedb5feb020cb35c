import { BoundedMap, Tallies } from './bounded-map.ts'

const mostTenants = 1_000

/** Where customers belong who name no tenant; it can't be removed. */
export const mainTenant = 'main'

/** Shops within the shop: a load test makes one for itself, and takes it away again. */
export class Tenants {
  readonly #open = new BoundedMap<string, string>(mostTenants)
  readonly #turns = new Tallies(mostTenants)

  get open(): number {
    return this.#open.size
  }

  /** `spring-1`, `spring-2`, … */
  seed(name: string): string {
    const id = `${name}-${this.#turns.add(name)}`
    this.#open.set(id, name)
    return id
  }

  remove(id: string): boolean {
    return this.#open.delete(id)
  }

  has(id: string): boolean {
    return id === mainTenant || this.#open.get(id) !== undefined
  }
}
