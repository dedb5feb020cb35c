import { z } from 'zod'
import { field, file, json, map, template } from './schema-fields.ts'

const type = field(
  z.string().min(1).max(200).optional(),
  "The content type; by the file's name when not given.",
  'image/jpeg',
)
const filled = field(
  z.boolean().optional(),
  'Whether the file is text with holes to fill, instead of bytes that are sent as they are.',
  true,
)
const filename = field(
  template().min(1).max(500).optional(),
  "What the file is called there; the file's own name when not given.",
  'photo.jpg',
)

const parts = [
  z.string(),
  z.number(),
  z.boolean(),
  map({ file: field(file(), 'A file beside the LoadTest.', 'cat.jpg'), template: filled, type, filename }),
  map({ text: field(template(), 'Text.', 'hello ${users.name}'), type, filename }),
  map({ json: field(json(), 'JSON.', { id: '${productId}' }), type, filename }),
] as const

const part = z.union(parts)

export const multipartSchema = z.record(
  z.string().max(500),
  z.union([...parts, z.array(part).min(1).max(1000)]),
)

export type MultipartWish = z.output<typeof multipartSchema>
export type PartWish = z.output<typeof part>

export const bodyFileSchema = map({
  file: field(file(), 'A file beside the LoadTest, sent as it is.', 'order.xml'),
  template: filled,
  type,
})
