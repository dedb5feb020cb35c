/**
 * The module `name` beside `base` (an `import.meta.url`), for a thread to start from. The compiler rewrites the
 * extensions of imports, not those inside a URL: this says .ts among the sources and .js in a build.
 */
export function entryUrl(name: string, base: string): URL {
  return new URL(`./${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base)
}
