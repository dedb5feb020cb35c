/**
 * What the page may do: apply its own style and run its own script, known by their SHA-256, and nothing else. So markup that got in by a mistake would still
 * run nothing and load nothing. The hashes must be those of style.ts and script.ts; a test says what they are.
 */
export const styleHash = 'sha256-AKs7P3rM36KN5iGGUesJeLHJXGsqhUTpX7WYmLQWn/0='
export const scriptHash = 'sha256-a+0JeiltFaFiY9az8TtvB/MruaFI40m6MmZKXLmP1jQ='

export const contentSecurityPolicy = `default-src 'none'; style-src '${styleHash}'; script-src '${scriptHash}'; base-uri 'none'; form-action 'none'`
