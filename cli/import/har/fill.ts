/** Where a value stands in a request; `key` is what it is called there: a field, a parameter, the segment of the path before it. */
export interface Place {
  readonly kind: 'path' | 'query' | 'header' | 'form' | 'json' | 'text'
  readonly key: string
}

/**
 * Makes a template of a value of a request. What stays as it is goes through `write`. A number comes back as one, or as a template that makes
 * one.
 */
export type Fill = <V extends string | number>(
  value: V,
  place: Place,
  write?: (text: string) => string,
) => V | string
