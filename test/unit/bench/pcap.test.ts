import test from 'ava'
import { observedServiceTimes, readSegments } from '../../../bench/observer/pcap.ts'

interface Sent {
  readonly at: number
  readonly from: number
  readonly to: number
  readonly sequence?: number
  readonly bytes?: number
  readonly type?: number
}

/** A file as tcpdump writes it on this machine. */
function capture(packets: readonly Sent[], nanos = false): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(nanos ? 0xa1b23c4d : 0xa1b2c3d4, 0)
  header.writeUInt32LE(1, 20)
  return Buffer.concat([header, ...packets.map((packet) => record(packet, nanos))])
}

function record({ at, from, to, sequence = 1, bytes = 10, type = 0x0800 }: Sent, nanos: boolean): Buffer {
  const frame = Buffer.alloc(14 + 20 + 20 + bytes)
  frame.writeUInt16BE(type, 12)
  frame[14] = 0x45
  frame.writeUInt16BE(40 + bytes, 16)
  frame[14 + 9] = 6
  frame.writeUInt16BE(from, 34)
  frame.writeUInt16BE(to, 36)
  frame.writeUInt32BE(sequence, 38)
  frame[34 + 12] = 5 << 4
  const header = Buffer.alloc(16)
  header.writeUInt32LE(Math.floor(at / 1e6), 0)
  header.writeUInt32LE((at % 1e6) * (nanos ? 1000 : 1), 4)
  header.writeUInt32LE(frame.length, 8)
  return Buffer.concat([header, frame])
}

test('segments with data are read from a capture, in µs whatever its precision', (t) => {
  const packets = [
    { at: 1_000_005, from: 40_000, to: 80 },
    { at: 1_000_010, from: 80, to: 40_000, bytes: 0 },
    { at: 1_000_020, from: 80, to: 40_000, type: 0x86dd },
    { at: 2_000_030, from: 80, to: 40_000, sequence: 7 },
  ]
  const expected = [
    { atMicros: 1_000_005, sourcePort: 40_000, targetPort: 80, sequence: 1 },
    { atMicros: 2_000_030, sourcePort: 80, targetPort: 40_000, sequence: 7 },
  ]
  t.deepEqual(readSegments(capture(packets)), expected)
  t.deepEqual(readSegments(capture(packets, true)), expected)
})

test('a capture that ends in mid-packet has the packets before', (t) => {
  const whole = capture([
    { at: 5, from: 40_000, to: 80 },
    { at: 9, from: 80, to: 40_000 },
  ])
  t.is(readSegments(whole.subarray(0, whole.length - 3)).length, 1)
  t.is(readSegments(whole.subarray(0, 24)).length, 0)
})

test('what is no capture is told', (t) => {
  t.throws(() => readSegments(Buffer.alloc(24)), { message: /no pcap file/ })
})

test('the time from request to answer is that of its connection, and what is sent again counts once', (t) => {
  const segments = readSegments(
    capture([
      { at: 100, from: 40_001, to: 80, sequence: 1 },
      { at: 110, from: 40_002, to: 80, sequence: 1 },
      { at: 150, from: 40_002, to: 80, sequence: 1 },
      { at: 180, from: 80, to: 40_002, sequence: 1 },
      { at: 400, from: 80, to: 40_001, sequence: 1 },
      { at: 500, from: 40_001, to: 80, sequence: 11 },
      { at: 520, from: 80, to: 40_001, sequence: 11 },
      // Another server's.
      { at: 600, from: 40_001, to: 81, sequence: 21 },
    ]),
  )
  t.deepEqual(observedServiceTimes(segments, 80), [20, 70, 300])
})
