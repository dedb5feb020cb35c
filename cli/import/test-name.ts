/** Text as the name of a test, which is the name of a folder too. */
export function testName(text: string, otherwise = 'imported'): string {
  const name = text
    .slice(0, 300)
    .replace(/[^\p{L}\p{N}._]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 100)
    .toWellFormed()
    .replace(/[^\p{L}\p{N}_]+$/u, '')
  return name === '' ? otherwise : name
}
