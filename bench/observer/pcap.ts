/** A TCP segment with data in it, as a packet capture saw it. */
export interface Segment {
  /** µs since the epoch, by the kernel. */
  readonly atMicros: number
  readonly sourcePort: number
  readonly targetPort: number
  readonly sequence: number
}

const littleEndian = { micros: 0xa1b2c3d4, nanos: 0xa1b23c4d }
/** Of the file: https://www.tcpdump.org/manpages/pcap-savefile.5.html. */
const fileHeader = 24
const recordHeader = 16
const ethernetHeader = 14

/** TCP segments with data of a capture of Ethernet frames with IPv4 in them, in the order of the file. Throws where it is something else. */
export function readSegments(file: Buffer): Segment[] {
  const magic = file.readUInt32LE(0)
  if (magic !== littleEndian.micros && magic !== littleEndian.nanos)
    throw new Error('this is no pcap file of this machine')
  if (file.readUInt32LE(20) !== 1) throw new Error('this is no capture of Ethernet frames')
  const fractionsPerMicro = magic === littleEndian.nanos ? 1000 : 1
  const segments: Segment[] = []
  for (let at = fileHeader; at + recordHeader <= file.length; ) {
    const seconds = file.readUInt32LE(at)
    const fraction = file.readUInt32LE(at + 4)
    const captured = file.readUInt32LE(at + 8)
    const frame = file.subarray(at + recordHeader, at + recordHeader + captured)
    at += recordHeader + captured
    // The file ends in mid-packet where the capture was ended.
    if (frame.length < captured) break
    const segment = segmentOf(frame, seconds * 1e6 + fraction / fractionsPerMicro)
    if (segment !== null) segments.push(segment)
  }
  return segments
}

function segmentOf(frame: Buffer, atMicros: number): Segment | null {
  const ip = frame.subarray(ethernetHeader)
  const isTcp = frame.length > ethernetHeader + 20 && frame.readUInt16BE(12) === 0x0800 && ip[9] === 6
  if (!isTcp) return null
  const headerBytes = ((ip[0] as number) & 15) * 4
  const tcp = ip.subarray(headerBytes)
  if (tcp.length < 20) return null
  const dataBytes = ip.readUInt16BE(2) - headerBytes - ((tcp[12] as number) >> 4) * 4
  if (dataBytes <= 0) return null
  return {
    atMicros,
    sourcePort: tcp.readUInt16BE(0),
    targetPort: tcp.readUInt16BE(2),
    sequence: tcp.readUInt32BE(4),
  }
}

/**
 * From each request's segment to that of its answer, µs, sorted: both have one segment, and a connection has one request at a time. A segment that was
 * sent again counts as one.
 */
export function observedServiceTimes(segments: readonly Segment[], serverPort: number): number[] {
  const asked = new Map<number, number>()
  const seen = new Set<string>()
  const times: number[] = []
  for (const { atMicros, sourcePort, targetPort, sequence } of segments) {
    const id = `${sourcePort} ${targetPort} ${sequence}`
    if (seen.has(id)) continue
    seen.add(id)
    if (targetPort === serverPort) asked.set(sourcePort, atMicros)
    else if (sourcePort === serverPort) {
      const since = asked.get(targetPort)
      asked.delete(targetPort)
      if (since !== undefined) times.push(atMicros - since)
    }
  }
  return times.sort((a, b) => a - b)
}
