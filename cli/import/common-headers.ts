import type { DraftField, DraftRequest } from './draft.ts'

export interface CommonHeaders {
  /** Of a target; undefined: the main one. */
  of(target: string | undefined): readonly DraftField[]
  readonly requests: readonly DraftRequest[]
}

/** Headers that every request to a target has alike are the target's. */
export function withCommonHeaders(requests: readonly DraftRequest[]): CommonHeaders {
  const byTarget = Map.groupBy(requests, ({ target }) => target)
  const common = new Map([...byTarget].map(([target, some]) => [target, commonTo(some)]))
  const of = (target: string | undefined) => common.get(target) ?? []
  return {
    of,
    requests: requests.map((request) => ({
      ...request,
      headers: request.headers.filter(({ key }) => !of(request.target).some((field) => field.key === key)),
    })),
  }
}

function commonTo([first, ...others]: readonly DraftRequest[]): readonly DraftField[] {
  if (first === undefined || others.length === 0) return []
  return first.headers.filter(
    ({ key, value }) =>
      key !== 'content-type' &&
      others.every(({ headers }) => headers.some((field) => field.key === key && field.value === value)),
  )
}
