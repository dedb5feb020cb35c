import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { BreakwaterError } from '../core/error.ts'

/** What only the holder of one key can read: an X25519 key of its own (RFC 7748), an initialisation vector, and AES-256-GCM with its tag behind. */
export interface Sealed {
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly box: Uint8Array
}

/** Of one process, for as long as it lives. */
export interface SealingKey {
  /** 32 bytes, for everybody. */
  readonly publicKey: Uint8Array
  /** `context`: what it was sealed for. @throws BreakwaterError `bad-message` for what was sealed for another key or context, or was changed. */
  open(sealed: Sealed, context: string): Uint8Array
}

const [keyBytes, ivBytes, tagBytes] = [32, 12, 16]
/** An X25519 key in SubjectPublicKeyInfo is this and the key (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex')
const purpose = 'breakwater sealed v1'

export function newSealingKey(): SealingKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const own = rawOf(publicKey)
  return {
    publicKey: own,
    open({ key, iv, box }, context) {
      try {
        if (iv.length !== ivBytes || box.length < tagBytes) throw new Error('its sizes are wrong')
        const secret = secretOf(privateKey, publicKeyOf(key), key, own)
        const decipher = createDecipheriv('aes-256-gcm', secret, iv)
        decipher.setAAD(Buffer.from(context))
        decipher.setAuthTag(box.subarray(box.length - tagBytes))
        return new Uint8Array(Buffer.concat([decipher.update(box.subarray(0, -tagBytes)), decipher.final()]))
      } catch (cause) {
        throw new BreakwaterError('bad-message', 'What is sealed in it cannot be opened here.', {
          hint: 'It was sealed for another worker, or for this one before it was started anew; or it was changed on its way.',
          cause,
        })
      }
    },
  }
}

/** @throws BreakwaterError `bad-message` for what is no X25519 key */
export function sealFor(publicKey: Uint8Array, plain: Uint8Array, context: string): Sealed {
  const { publicKey: ours, privateKey } = generateKeyPairSync('x25519')
  const key = rawOf(ours)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(
    'aes-256-gcm',
    secretOf(privateKey, publicKeyOf(publicKey), key, publicKey),
    iv,
  )
  cipher.setAAD(Buffer.from(context))
  const box = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return { key, iv: new Uint8Array(iv), box: new Uint8Array(box) }
}

function secretOf(own: KeyObject, other: KeyObject, senders: Uint8Array, receivers: Uint8Array): Uint8Array {
  const shared = diffieHellman({ privateKey: own, publicKey: other })
  return new Uint8Array(hkdfSync('sha256', shared, Buffer.concat([senders, receivers]), purpose, 32))
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  if (raw.length !== keyBytes) {
    throw new BreakwaterError('bad-message', `A key of ${raw.length} bytes is no X25519 key.`, {
      hint: 'Run one version of Breakwater everywhere.',
    })
  }
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
}

function rawOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(-keyBytes))
}
