/** Files that a LoadTest names, by the path it names them with. */
export type Files = Readonly<Record<string, Uint8Array>>
