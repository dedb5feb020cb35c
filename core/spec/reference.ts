/** A value that lies outside the file. Whoever submits the test reads it, and nobody else. */
export type Reference = EnvReference | SecretReference

export interface EnvReference {
  readonly kind: 'env'
  readonly name: string
}

export interface SecretReference {
  readonly kind: 'secret'
  readonly secret: string
  readonly key: string
}

/** The environment variable that stands in for a file: `shop`, `api-token` → BREAKWATER_SECRET_SHOP_API_TOKEN. */
export function secretVariable(secret: string, key: string): string {
  return `BREAKWATER_SECRET_${secret}_${key}`.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
}

/** As people read it. */
export function referenceText(reference: Reference): string {
  return reference.kind === 'env'
    ? `the environment variable ${reference.name}`
    : `the secret ${reference.secret}/${reference.key}`
}
