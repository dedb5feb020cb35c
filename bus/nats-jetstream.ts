/** All that needs the library of JetStream, in one file that is loaded when it is needed. */
export { jetstreamManager } from '@nats-io/jetstream'
export { openNatsBucket, readNatsBucket } from './nats-bucket.ts'
export { consume, openStream, removeConsumers } from './nats-stream.ts'
