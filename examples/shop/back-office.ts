import { createHash } from 'node:crypto'
import { client } from './access-tokens.ts'
import { type Exchange, Refusal } from './exchange.ts'
import type { Routes } from './router.ts'

/** What is not for customers: tenants, tokens of programs, uploads. */
export const backOffice: Routes = {
  'POST /seed': async (exchange) => {
    const { name = 'tenant' } = await exchange.fields()
    if (!/^[a-z][a-z0-9-]{0,40}$/.test(`${name}`))
      throw new Refusal(422, 'name: small letters, digits, hyphens')
    const id = exchange.shop.tenants.seed(`${name}`)
    exchange.shop.counts.tenants.seeded++
    exchange.json(201, { id, name }, { location: `/seed/${id}` })
  },
  'DELETE /seed/:tenant': (exchange) => {
    const { shop, params } = exchange
    const tenant = params.tenant ?? ''
    if (!shop.tenants.remove(tenant)) throw new Refusal(404, `there is no tenant ${tenant}`)
    shop.sessions.logoutTenant(tenant)
    shop.counts.tenants.removed++
    exchange.empty(204)
  },
  'POST /oauth/token': async (exchange) => {
    const { shop } = exchange
    const form = await exchange.form()
    const { id, secret } = credentials(exchange, form)
    if (form.get('grant_type') !== 'client_credentials') {
      shop.counts.oauth.refused++
      exchange.json(400, { error: 'unsupported_grant_type' })
    } else if (id !== client.id || secret !== client.secret) {
      shop.counts.oauth.refused++
      exchange.json(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="shop"' })
    } else {
      shop.counts.oauth.tokens++
      const { expiresInS } = shop.tokens
      const token = { access_token: shop.tokens.issue(), token_type: 'Bearer', expires_in: expiresInS }
      exchange.json(200, token, { 'cache-control': 'no-store' })
    }
  },
  'GET /api/reports/sales': (exchange) => {
    const { shop, bearer } = exchange
    if (bearer === null || !shop.tokens.isValid(bearer)) {
      throw new Refusal(401, 'no token, or one that has expired', {
        'www-authenticate': 'Bearer error="invalid_token"',
      })
    }
    shop.counts.oauth.reports++
    exchange.json(200, shop.counts.orders)
  },
  'POST /api/upload': async (exchange) => {
    const { shop, customer, tenant } = exchange
    const { meta, photo } = await uploadIn(exchange)
    const bytes = Buffer.from(await photo.arrayBuffer())
    shop.counts.uploads.taken++
    shop.counts.uploads.fileBytes += bytes.length
    shop.counts.uploads.partBytes += Buffer.byteLength(meta.text)
    shop.counts.tenant(tenant).uploads++
    exchange.json(201, {
      user: customer.user,
      meta: meta.value,
      photo: {
        name: photo.name,
        type: photo.type,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    })
  },
}

/** By the header, or in the form: RFC 6749, 2.3.1. */
function credentials(
  { request }: Exchange,
  form: URLSearchParams,
): { id: string | null; secret: string | null } {
  const basic = /^Basic (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (basic === undefined) return { id: form.get('client_id'), secret: form.get('client_secret') }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(/:(.*)/s, 2)
  return { id: decodeForm(id), secret: decodeForm(secret) }
}

function decodeForm(text: string): string {
  return new URLSearchParams(`x=${text}`).get('x') ?? ''
}

/** `meta`, a JSON object, and `photo`, a file. */
async function uploadIn(exchange: Exchange) {
  const type = exchange.request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) throw new Refusal(415, 'the body is no multipart/form-data')
  const body = await exchange.body()
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } })
    .formData()
    .catch(() => null)
  if (form === null) throw new Refusal(400, 'the body is not the multipart/form-data that it says it is')
  const [meta, photo] = [form.get('meta'), form.get('photo')]
  if (!(photo instanceof File)) throw new Refusal(422, 'photo: a file is missing')
  const text = meta instanceof File ? await meta.text() : meta
  try {
    const value: unknown = JSON.parse(text ?? '')
    if (typeof value === 'object' && value !== null) return { meta: { text: text ?? '', value }, photo }
  } catch {}
  throw new Refusal(422, 'meta: a JSON object is missing')
}
