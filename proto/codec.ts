/**
 * Messages to bytes and back. `encodeX` trusts its types; `decodeX` trusts nothing, and throws BreakwaterError `bad-message` for bytes
 * that are not an X of this version of the protocol, never anything else.
 */
export { BadMessage, type Fault, refuse, refuseStranger } from './bad-message.ts'
export * from './controller-codec.ts'
export { protocolVersion } from './envelope.ts'
export { decodeHaltOrder, decodeHaltQuestion, encodeHaltOrder, encodeHaltQuestion } from './halt-codec.ts'
export { decodeRunLease, encodeRunLease } from './lease-codec.ts'
export * from './snapshot-codec.ts'
export * from './steer-codec.ts'
export * from './worker-codec.ts'
