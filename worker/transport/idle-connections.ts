import type { PooledConnection } from './pooled-connection.ts'

/** Connections with room for one more request. */
export interface IdleConnections<C extends PooledConnection> {
  add(connection: C): void
  /** Nothing happens where it is not in it. */
  remove(connection: C): void
  /** Leaves it in. Undefined: none for this user. */
  find(user: number): C | undefined
  /** Leaves it in. The one that has waited longest, as near as is known. */
  oldest(): C | undefined
}

/** Anybody takes any: the one used last first, so that what the load no longer needs grows idle and is closed. */
export class SharedIdle<C extends PooledConnection> implements IdleConnections<C> {
  readonly #stack: C[] = []

  add(connection: C): void {
    if (connection.idleIndex >= 0) return
    connection.idleIndex = this.#stack.length
    this.#stack.push(connection)
  }

  remove(connection: C): void {
    const index = connection.idleIndex
    if (index < 0) return
    const last = this.#stack.pop() as C
    if (last !== connection) {
      this.#stack[index] = last
      last.idleIndex = index
    }
    connection.idleIndex = -1
  }

  find(): C | undefined {
    return this.#stack[this.#stack.length - 1]
  }

  oldest(): C | undefined {
    return this.#stack[0]
  }
}

/** Each user has a connection of their own, for as long as it lives; warm ones belong to whom comes first. */
export class IdlePerUser<C extends PooledConnection> implements IdleConnections<C> {
  readonly #byUser = new Map<number, C>()
  readonly #warm = new Set<C>()

  add(connection: C): void {
    if (connection.user === null) this.#warm.add(connection)
    else this.#byUser.set(connection.user, connection)
  }

  remove(connection: C): void {
    if (connection.user === null) this.#warm.delete(connection)
    else if (this.#byUser.get(connection.user) === connection) this.#byUser.delete(connection.user)
  }

  find(user: number): C | undefined {
    return this.#byUser.get(user) ?? this.#warm.values().next().value
  }

  oldest(): C | undefined {
    return this.#warm.values().next().value ?? this.#byUser.values().next().value
  }
}
