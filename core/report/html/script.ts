/**
 * What the page does with scripts switched on; without them nothing is missing but this: the numbers of a moment beside the pointer, read from the
 * chart's own table, and tables that sort by a column.
 */
export const script = `
'use strict'
for (const figure of document.querySelectorAll('figure[data-rows]')) {
  const svg = figure.querySelector('.drawing svg')
  const heads = [...figure.querySelectorAll('thead th')].map((head) => head.textContent)
  const rows = figure.querySelectorAll('tbody tr')
  const left = Number(figure.dataset.left)
  const step = (Number(figure.dataset.right) - left) / rows.length
  const hair = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  hair.setAttribute('class', 'hair')
  const tip = document.createElement('div')
  tip.className = 'tip'
  tip.hidden = true
  tip.setAttribute('aria-hidden', 'true')
  figure.append(tip)
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect()
    const at = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width
    const index = Math.floor((at - left) / step)
    const row = rows[index]
    if (row === undefined) return leave()
    const x = left + (index + 0.5) * step
    hair.setAttribute('d', 'M' + x + ' 20V' + (svg.viewBox.baseVal.height - 36))
    svg.append(hair)
    const cells = [...row.children].map((cell) => cell.textContent)
    tip.replaceChildren()
    const time = document.createElement('b')
    time.textContent = cells[0]
    tip.append(time)
    cells.slice(1).forEach((cell, column) => {
      const line = document.createElement('div')
      line.textContent = heads[column + 1] + ': ' + cell
      tip.append(line)
    })
    tip.hidden = false
    const outer = figure.getBoundingClientRect()
    const wanted = event.clientX - outer.left + 16
    const fits = wanted + tip.offsetWidth < outer.width
    tip.style.left = (fits ? wanted : event.clientX - outer.left - tip.offsetWidth - 16) + 'px'
    tip.style.top = Math.max(0, event.clientY - outer.top - 20) + 'px'
  })
  svg.addEventListener('pointerleave', leave)
  function leave() {
    tip.hidden = true
    hair.remove()
  }
}
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const body = table.tBodies[0]
  const original = [...body.rows]
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells]
  heads.forEach((head, column) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = head.textContent
    button.title = 'Sort by this column'
    head.replaceChildren(button)
    button.addEventListener('click', () => {
      const before = head.getAttribute('aria-sort')
      for (const other of heads) other.removeAttribute('aria-sort')
      const next = before === null ? 'descending' : before === 'descending' ? 'ascending' : null
      if (next === null) return body.replaceChildren(...original)
      head.setAttribute('aria-sort', next)
      const sign = next === 'descending' ? -1 : 1
      const value = (row) => row.cells[column].textContent.trim()
      const number = (text) => Number.parseFloat(text.replaceAll(',', ''))
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)]
        const [i, j] = [number(x), number(y)]
        if (Number.isNaN(i) && Number.isNaN(j)) return x.localeCompare(y)
        if (Number.isNaN(i)) return 1
        if (Number.isNaN(j)) return -1
        return sign * (i - j)
      }
      body.replaceChildren(...original.toSorted(compare))
    })
  })
}
`
