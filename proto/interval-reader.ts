import type { RequestError } from '../core/measure/request-error.ts'
import type { Interval, LagDelta, SeriesDelta, SparseCounts } from '../core/measure/snapshot.ts'
import { refuse } from './bad-message.ts'
import { magnitude, requestError } from './fields.ts'
import type { WireReader } from './wire-reader.ts'

// Interval, SeriesDelta, LagDelta of breakwater.proto: what a snapshot is made of, by hand. Fields are numbered there.

const nothing: SparseCounts = new Uint8Array(0)
const noErrors: SeriesDelta['errors'] = {}
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Histograms are views of the reader's bytes. */
export function readInterval(reader: WireReader): Interval {
  let second = 0
  let thread = 0
  const series: SeriesDelta[] = []
  const lags: LagDelta[] = []
  while (reader.more) {
    const tag = reader.tag()
    switch (tag) {
      case 0x08:
        second = reader.sint32()
        break
      case 0x10:
        thread = reader.uint32()
        break
      case 0x1a:
        series.push(readSeries(reader.message()))
        break
      case 0x22:
        lags.push(readLag(reader.message()))
        break
      default:
        reader.skip(tag)
    }
  }
  return { second: second >= -1 ? second : magnitude(second, 'second'), thread, series, lags }
}

function readSeries(reader: WireReader): SeriesDelta {
  const delta = {
    series: 0,
    ok: 0,
    failed: 0,
    inWindow: 0,
    okInWindow: 0,
    bytesIn: 0,
    bytesOut: 0,
    checksPassed: 0,
    checksFailed: 0,
    errors: noErrors,
    responseOk: nothing,
    responseFailed: nothing,
    service: nothing,
    connect: nothing,
    tls: nothing,
    ttfb: nothing,
  }
  let errors: Partial<Record<RequestError, number>> | null = null
  while (reader.more) {
    const tag = reader.tag()
    switch (tag) {
      case 0x08:
        delta.series = reader.uint32()
        break
      case 0x10:
        delta.ok = reader.varint('ok')
        break
      case 0x18:
        delta.failed = reader.varint('failed')
        break
      case 0x20:
        delta.inWindow = reader.varint('inWindow')
        break
      case 0x28:
        delta.okInWindow = reader.varint('okInWindow')
        break
      case 0x30:
        delta.bytesIn = reader.varint('bytesIn')
        break
      case 0x38:
        delta.bytesOut = reader.varint('bytesOut')
        break
      case 0x40:
        delta.checksPassed = reader.varint('checksPassed')
        break
      case 0x48:
        delta.checksFailed = reader.varint('checksFailed')
        break
      case 0x52:
        errors ??= {}
        readError(reader.message(), errors)
        break
      case 0x5a:
        delta.responseOk = reader.view()
        break
      case 0x62:
        delta.responseFailed = reader.view()
        break
      case 0x6a:
        delta.service = reader.view()
        break
      case 0x72:
        delta.connect = reader.view()
        break
      case 0x7a:
        delta.tls = reader.view()
        break
      case 0x82:
        delta.ttfb = reader.view()
        break
      default:
        reader.skip(tag)
    }
  }
  if (errors !== null) delta.errors = errors
  return delta
}

/** An entry of a map. */
function readError(reader: WireReader, into: Partial<Record<RequestError, number>>): void {
  let name = ''
  let count = 0
  while (reader.more) {
    const tag = reader.tag()
    if (tag === 0x0a) name = textOf(reader.view())
    else if (tag === 0x10) count = reader.varint(`errors.${name.slice(0, 40)}`)
    else reader.skip(tag)
  }
  into[requestError(name, 'errors')] = count
}

function readLag(reader: WireReader): LagDelta {
  let phase = 0
  let sendLag = nothing
  let pacerLag = nothing
  while (reader.more) {
    const tag = reader.tag()
    if (tag === 0x08) phase = reader.uint32()
    else if (tag === 0x12) sendLag = reader.view()
    else if (tag === 0x1a) pacerLag = reader.view()
    else reader.skip(tag)
  }
  return { phase, sendLag, pacerLag }
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return refuse('a text in it is not UTF-8')
  }
}
