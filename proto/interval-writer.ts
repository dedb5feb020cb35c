import type { RequestError } from '../core/measure/request-error.ts'
import type { Interval, LagDelta, SeriesDelta } from '../core/measure/snapshot.ts'
import { varintTag, type WireWriter } from './wire-writer.ts'

// Interval, SeriesDelta, LagDelta of breakwater.proto, by hand: byte for byte what the library writes. Fields are numbered there.

/** As the field `field` of another message. */
export function writeInterval(
  writer: WireWriter,
  field: number,
  { second, thread, series, lags }: Interval,
): void {
  writer.message(field, () => {
    writer.number(1, second < 0 ? -2 * second - 1 : 2 * second)
    writer.number(2, thread)
    for (const delta of series) writeSeries(writer, delta)
    for (const lag of lags) writeLag(writer, lag)
  })
}

function writeSeries(writer: WireWriter, delta: SeriesDelta): void {
  writer.message(3, () => {
    writer.number(1, delta.series)
    writer.number(2, delta.ok)
    writer.number(3, delta.failed)
    writer.number(4, delta.inWindow)
    writer.number(5, delta.okInWindow)
    writer.number(6, delta.bytesIn)
    writer.number(7, delta.bytesOut)
    writer.number(8, delta.checksPassed)
    writer.number(9, delta.checksFailed)
    for (const name in delta.errors) {
      const count = delta.errors[name as RequestError] ?? 0
      writer.message(10, () => {
        writer.text(1, name)
        // An entry of a map has both, whatever they are.
        writer.varint(varintTag(2))
        writer.varint(count)
      })
    }
    writer.bytes(11, delta.responseOk)
    writer.bytes(12, delta.responseFailed)
    writer.bytes(13, delta.service)
    writer.bytes(14, delta.connect)
    writer.bytes(15, delta.tls)
    writer.bytes(16, delta.ttfb)
  })
}

function writeLag(writer: WireWriter, { phase, sendLag, pacerLag }: LagDelta): void {
  writer.message(4, () => {
    writer.number(1, phase)
    writer.bytes(2, sendLag)
    writer.bytes(3, pacerLag)
  })
}
