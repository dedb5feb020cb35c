import { z } from 'zod'
import { field, map, template } from './schema-fields.ts'

/** Names as Kubernetes has them, which are names of folders and files too. */
const secretName = () =>
  z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
const secretKey = () =>
  z
    .string()
    .max(253)
    .regex(/^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$/)

/** Text with templates, or a value that lies outside the file. */
export const credential = () => z.union([template().min(1).max(10_000), envSchema, secretSchema])

export const envSchema = map({
  env: field(
    z.string().min(1).max(200),
    'An environment variable of the command that submits the test.',
    'API_TOKEN',
  ),
}).meta({ id: 'Environment' })

export const secretSchema = map({
  secret: field(
    secretName(),
    'A secret that the command which submits the test can read: a folder of `--secrets DIR`.',
    'shop',
  ),
  key: field(secretKey(), 'The key in it: a file of that folder.', 'token'),
}).meta({ id: 'Secret' })
