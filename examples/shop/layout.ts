import type { Exchange } from './exchange.ts'
import { type Html, html } from './html.ts'

export const style = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #222 }
header { display: flex; gap: 1rem; align-items: center; border-bottom: 1px solid #ccc; padding-bottom: .5rem }
header form { display: inline }
ul.products { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1rem; list-style: none; padding: 0 }
ul.products li { border: 1px solid #ddd; border-radius: .5rem; padding: .5rem }
img { background: #eee; border-radius: .5rem }
label { display: block; margin: .5rem 0 }
button { padding: .25rem .75rem }
`

/** A page of the shop, for the customer who asked, if anybody is logged in. */
export function page({ session }: Exchange, title: string, content: Html): string {
  const account =
    session === null
      ? html`<a href="/login">Log in</a>`
      : html`<span id="customer">${session.user} (${session.tier})</span> <a href="/cart">Cart</a>
    <form method="post" action="/logout">${hiddenCsrf(session.csrf)}<button>Log out</button></form>`
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} – The shop</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header>
    <a href="/">The shop</a> <a href="/products">Products</a>
    <form action="/search"><input name="q" type="search" aria-label="Search"> <button>Search</button></form>
    ${account}
  </header>
  <main>
    <h1>${title}</h1>
    ${content}
  </main>
</body>
</html>
`.text
}

export function hiddenCsrf(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}
