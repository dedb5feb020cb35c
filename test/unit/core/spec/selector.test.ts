import test from 'ava'
import { parseSelector } from '../../../../core/spec/selector.ts'

const good = [
  'a',
  '*',
  'input[name=csrf]',
  'ul.items > li:nth-child(2n+1) a[href^="/p"]',
  'h1, h2 + p, h3 ~ p',
  'soap|Body item',
  '#main :is(.a, [b]):not(.c)',
  'tr:first-of-type td:nth-of-type(odd)',
  '[lang|=en], [class~=x i], [a$=b], [a*=b], [a!=b]',
  ':root > p:nth-child(-n + 3)',
]
for (const text of good) {
  test(`the selector ${text} can be used`, (t) => {
    t.true(parseSelector(text).ok)
  })
}

const bad: readonly (readonly [string, RegExp, RegExp])[] = [
  ['', /begins with no element/, /Write an element/],
  ['a[', /cannot be read/, /Write CSS/],
  ['a >', /ends too early/, /behind it/],
  ['> a', /begins with no element/, /Write an element/],
  ['li:last-child', /has :last-child, which is not known here/, /index: -1/],
  ['div:has(p)', /has :has/, /index: -1/],
  ['p:contains(x)', /has :contains/, /known too late/],
  ['a:hover', /has :hover/, /:first-child/],
  ['a::before', /pseudo-element/, /browser/],
  ['a:not(b c)', /path of elements in :not/, /one element/],
  ['a:nth-child(n+n)', /has :nth-child\(n\+n\)/, /:nth-child\(odd\)/],
  ['a:nth-child', /has :nth-child\(\)/, /:nth-child\(odd\)/],
  ['a < b', /combinator|cannot be read/, /blank|CSS/],
  [Array(31).fill('a').join(' '), /too long/, /30/],
  [Array(21).fill('a').join(','), /too many alternatives/, /20/],
]
for (const [text, message, hint] of bad) {
  test(`the selector ${text.slice(0, 40)} is refused, with what to write instead`, (t) => {
    const parsed = parseSelector(text)
    t.false(parsed.ok)
    if (parsed.ok) return
    t.regex(parsed.message, message)
    t.regex(parsed.hint, hint)
  })
}
