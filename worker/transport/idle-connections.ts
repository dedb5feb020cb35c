import type { Connection } from './connection.ts'

/** Connections with room for one more request. */
export interface IdleConnections {
  add(connection: Connection): void
  /** Nothing happens where it is not in it. */
  remove(connection: Connection): void
  /** Leaves it in. Undefined: none for this user. */
  find(user: number): Connection | undefined
  /** Leaves it in. The one that has waited longest, as near as is known. */
  oldest(): Connection | undefined
}

/** Anybody takes any: the one used last first, so that what the load no longer needs grows idle and is closed. */
export class SharedIdle implements IdleConnections {
  readonly #stack: Connection[] = []

  add(connection: Connection): void {
    if (connection.idleIndex >= 0) return
    connection.idleIndex = this.#stack.length
    this.#stack.push(connection)
  }

  remove(connection: Connection): void {
    const index = connection.idleIndex
    if (index < 0) return
    const last = this.#stack.pop() as Connection
    if (last !== connection) {
      this.#stack[index] = last
      last.idleIndex = index
    }
    connection.idleIndex = -1
  }

  find(): Connection | undefined {
    return this.#stack[this.#stack.length - 1]
  }

  oldest(): Connection | undefined {
    return this.#stack[0]
  }
}

/** Each user has a connection of their own, for as long as it lives; warm ones belong to whom comes first. */
export class IdlePerUser implements IdleConnections {
  readonly #byUser = new Map<number, Connection>()
  readonly #warm = new Set<Connection>()

  add(connection: Connection): void {
    if (connection.user === null) this.#warm.add(connection)
    else this.#byUser.set(connection.user, connection)
  }

  remove(connection: Connection): void {
    if (connection.user === null) this.#warm.delete(connection)
    else if (this.#byUser.get(connection.user) === connection) this.#byUser.delete(connection.user)
  }

  find(user: number): Connection | undefined {
    return this.#byUser.get(user) ?? this.#warm.values().next().value
  }

  oldest(): Connection | undefined {
    return this.#warm.values().next().value ?? this.#byUser.values().next().value
  }
}
