import test from 'ava'
import { checkTlsFiles } from '../../../../worker/transport/check-tls-files.ts'
import { type Certificates, makeCertificates } from '../../../kit/certificates.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

let certificates: Certificates
test.before(async () => {
  certificates = await makeCertificates()
})

const named = (tls: Readonly<Record<string, string>>) =>
  parsedTest({
    target: { url: 'http://shop.test' },
    targets: {
      safe: {
        url: 'https://safe.test',
        tls: Object.fromEntries(Object.entries(tls).map(([part, file]) => [part, { file }])),
      },
    },
  })

test('files that belong together have no issue', (t) => {
  const { ca, client } = certificates
  const files = { ca, cert: client.cert, key: client.key, both: Buffer.concat([client.key, client.cert]) }
  t.deepEqual(checkTlsFiles(named({ ca: 'ca', cert: 'cert', key: 'key' }), files), [])
  t.deepEqual(checkTlsFiles(named({ cert: 'both' }), files), [])
  t.deepEqual(checkTlsFiles(named({}), files), [])
})

test('what cannot be read is told where it is named', (t) => {
  const broken = Buffer.from('-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n')
  const noKey = Buffer.from('-----BEGIN PRIVATE KEY-----\nbroken\n-----END PRIVATE KEY-----\n')
  const files = { ca: broken, cert: certificates.client.cert, key: noKey }
  const issues = checkTlsFiles(named({ ca: 'ca', cert: 'cert', key: 'key' }), files)
  t.deepEqual(
    issues.map(({ path, code }) => [path, code]),
    [
      ['targets.safe.tls.ca.file', 'wrong-pem'],
      ['targets.safe.tls.key.file', 'wrong-pem'],
    ],
  )
})

test('a key of another certificate is an issue at the key', (t) => {
  const files = { cert: certificates.client.cert, key: certificates.key }
  const [issue, ...others] = checkTlsFiles(named({ cert: 'cert', key: 'key' }), files)
  t.deepEqual(others, [])
  t.like(issue, { path: 'targets.safe.tls.key.file', code: 'wrong-pem' })
  t.regex(issue?.message ?? '', /mismatch/)
})
