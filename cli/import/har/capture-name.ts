import type { Json } from '../../../core/spec/load-test.ts'
import { nameFrom, singular } from '../names.ts'
import { isIdName } from './dynamic.ts'
import type { Place } from './fill.ts'

const bareNames = /^(_?id|uuid|guid|key|value|code|number|nr|ref|handle|)$/i
/** What holds anything at all. */
const vagueNames =
  /^(data|result|response|payload|body|content|item|items|value|values|record|records|row|rows|list|entry|entries|node|nodes|edge|edges|attributes|hits|objects?|self)$/i

/** `token`; `orderId` for an `id` of an order, by where it stands, what was made, or what it is used for. */
export function nameFor(key: string, from: Json, made: string | null, place: Place): string {
  if (!bareNames.test(key)) return nameFrom(key) ?? 'value'
  const id = key === '' ? 'id' : key
  const path = (from as { readonly json?: string }).json ?? ''
  const names = path.match(/[A-Za-z_]\w*/g) ?? []
  const holder = names.slice(0, -1).findLast((name) => !vagueNames.test(name))
  // One of a list is not what the request has made.
  const owner = singular(holder ?? (path.includes('[') ? '' : (made ?? '')))
  if (owner !== '') return nameFrom(owner, id) ?? 'value'
  if (place.kind === 'path') return nameFrom(place.key, id) ?? 'value'
  return nameFrom(place.key, ...(isIdName(place.key) || place.kind === 'header' ? [] : [id])) ?? 'value'
}
