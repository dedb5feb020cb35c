import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** One operation of NATS's protocol, whole: its line, and its payload where it has one. */
export interface NatsFrame {
  readonly verb: string
  /** Null: it has none. */
  readonly subject: string | null
  readonly bytes: Buffer
}

/** When each copy of a frame goes on, ms from now. None: it goes nowhere. */
export type Tamper = (frame: NatsFrame, to: 'server' | 'client') => readonly number[]

export interface NatsProxy {
  /** Of a server that can be reached through it. */
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Stands between clients and a nats-server. What is delayed is overtaken by everything behind it. */
export async function startNatsProxy(serverPort: number, tamper: Tamper): Promise<NatsProxy> {
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1')
    for (const [from, to, towards] of [
      [client, server, 'server'],
      [server, client, 'client'],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      const split = frameSplitter()
      from.on('data', (bytes) => {
        for (const frame of split(bytes)) pass(frame, to, towards)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  function pass(frame: NatsFrame, to: Socket, towards: 'server' | 'client'): void {
    for (const delayMs of tamper(frame, towards)) {
      const write = () => {
        if (to.writable) to.write(frame.bytes)
      }
      if (delayMs === 0) write()
      else setTimeout(write, delayMs).unref()
    }
  }
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    url: `nats://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}

const newline = Buffer.from('\r\n')
const payloadVerbs: ReadonlySet<string> = new Set(['PUB', 'HPUB', 'MSG', 'HMSG'])

/** Gives the frames that are whole, and keeps the rest for the next bytes. */
function frameSplitter(): (bytes: Buffer) => readonly NatsFrame[] {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const frames: NatsFrame[] = []
    for (;;) {
      const frame = firstFrame(rest)
      if (frame === null) return frames
      frames.push(frame)
      rest = rest.subarray(frame.bytes.length)
    }
  }
}

function firstFrame(bytes: Buffer): NatsFrame | null {
  const end = bytes.indexOf(newline)
  if (end < 0) return null
  const words = bytes.toString('latin1', 0, end).split(/\s+/)
  const verb = (words[0] ?? '').toUpperCase()
  const lineBytes = end + newline.length
  if (!payloadVerbs.has(verb)) return { verb, subject: null, bytes: bytes.subarray(0, lineBytes) }
  // The last word is the length of all that follows, headers included.
  const length = lineBytes + Number(words.at(-1)) + newline.length
  if (bytes.length < length) return null
  return { verb, subject: words[1] ?? '', bytes: bytes.subarray(0, length) }
}
