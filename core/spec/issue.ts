/** `path` as a user would write it, e.g. `load[1].rate.to`; `hint` says what to write instead. */
export interface Issue {
  readonly path: string
  /** Stable, kebab-case, e.g. `unknown-key`, `wrong-unit`, `out-of-range`, `unknown-name`. */
  readonly code: string
  /** One sentence: what was found and why it can't be. */
  readonly message: string
  /** What to write instead. */
  readonly hint: string
  /** An overlay, or a flag such as `--set target.url=x`; not there: the LoadTest's own file. */
  readonly file?: string
  /** 1-based, where the source was text. */
  readonly line?: number
  readonly column?: number
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly Issue[] }
