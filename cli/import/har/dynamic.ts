/**
 * Whether a value looks as if somebody's program had made it up for this one visit: an id, a token, a time. Words, small numbers, dates,
 * addresses of mail and versions don't.
 */
export function looksDynamic(value: string): boolean {
  const { length } = value
  if (length < 5 || length > 4096 || /[\s@]|:\/\//.test(value)) return false
  if (/^\d+$/.test(value)) return value[0] !== '0'
  if (/^\d{4}-\d\d-\d\d$|^[\d.,:/-]+$/.test(value)) return false
  if (length < 8) return false
  if (/^[0-9a-f]+$/i.test(value)) return /\d/.test(value)
  const digits = value.replace(/\D/g, '').length
  const changes = changesOf(value)
  if (digits > 0) return digits >= 3 || changes >= 4
  return length >= 20 && changes >= 6
}

/** How often letters, capitals, digits and everything else follow upon each other. */
function changesOf(value: string): number {
  let changes = -1
  let last = ''
  for (let i = 0; i < value.length && i < 100; i++) {
    const kind = kindOf(value.charCodeAt(i))
    if (kind !== last) changes++
    last = kind
  }
  return changes
}

function kindOf(code: number): string {
  if (code >= 97 && code <= 122) return 'small'
  if (code >= 48 && code <= 57) return 'digit'
  return code >= 65 && code <= 90 ? 'capital' : 'other'
}

/** `id`, `orderId`, `order_id`, `orderNumber`, `uuid`, `token` … */
export function isIdName(name: string): boolean {
  return idNames.test(name.slice(-100))
}

const idNames =
  /^(_?id|uuid|guid|key|number|nr|code|token|ref|reference|handle)$|[_-](id|uuid|guid|key|number|code|token|ref)$|[a-z0-9](Id|ID|Uuid|Key|Number|Code|Token|Ref)$/
