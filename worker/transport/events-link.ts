import type { Socket } from 'node:net'
import { type Dispatcher, errors } from 'undici'
import { Connection } from './connection.ts'
import { EventParser } from './event-parser.ts'
import { flatHeaders } from './flight.ts'
import { SocketBytes } from './socket-bytes.ts'
import { endOf, type LinkListener, type LinkSettings, type StreamLink } from './stream-link.ts'

/** Server-sent events over a socket that is open already, HTTP/1.1 or HTTP/2. It is not opened again when it ends. */
export class EventsLink implements StreamLink, Dispatcher.DispatchHandler {
  readonly send = null
  readonly #connection: Connection
  readonly #bytes: SocketBytes
  readonly #settings: LinkSettings
  readonly #listener: LinkListener
  readonly #parser: EventParser
  readonly #socket: Socket
  #controller: Dispatcher.DispatchController | null = null
  #status = 0
  #isOpen = false
  #isOver = false
  #refusal: Buffer[] = []
  #refusalBytes = 0

  constructor(
    socket: Socket,
    protocol: 'h2' | 'http/1.1',
    origin: string,
    settings: LinkSettings,
    listener: LinkListener,
  ) {
    this.#socket = socket
    this.#bytes = new SocketBytes(socket)
    this.#settings = settings
    this.#listener = listener
    this.#parser = new EventParser(settings.maxBodyBytes, (event) => {
      if (!this.#isOver) listener.message(event)
    })
    this.#connection = new Connection(
      { origin, idleMs: 1000, reopen: (done) => done(new Error('the server ended the session'), null) },
      { socket, protocol, user: null, capacity: 1, connectMicros: Number.NaN, tlsMicros: Number.NaN },
    )
    const { path, headers, host } = settings
    this.#connection.client.dispatch(
      {
        method: 'GET',
        path,
        headers: headers as string[],
        body: null,
        reset: false,
        servername: host.replace(/:\d+$/, ''),
      } as Dispatcher.DispatchOptions,
      this,
    )
  }

  close(): void {
    if (this.#isOver) return
    this.destroy()
    this.#listener.ended({ error: 'reset', detail: 'the stream was closed', isClean: true })
  }

  destroy(): void {
    this.#isOver = true
    if (this.#connection.protocol === 'http/1.1') {
      this.#connection.destroy()
      return
    }
    // undici fails an assertion where a client is destroyed before the stream of its request is over.
    this.#controller?.abort(new errors.InformationalError('cancelled'))
    this.#socket.destroy()
    this.#connection.client.close().catch(() => {})
  }

  takeBytesIn(): number {
    return this.#bytes.takeIn()
  }

  takeBytesOut(): number {
    return this.#bytes.takeOut()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(new errors.InformationalError('cancelled'))
    else this.#listener.sent()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#isOver || status < 200) return
    this.#status = status
    this.#listener.answered(status, flatHeaders(controller.rawHeaders))
    if (status !== 200 || this.#isOver) return
    const problem = problemOf(headers)
    if (problem === null) {
      this.#isOpen = true
      this.#listener.opened()
      return
    }
    this.destroy()
    this.#listener.ended({ error: 'protocol', detail: problem, isClean: false })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    if (!this.#isOpen) {
      this.#refusal.push(Buffer.from(chunk))
      this.#refusalBytes += chunk.length
      if (this.#refusalBytes >= this.#settings.refusalBytes) this.#refused()
      return
    }
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.destroy()
      this.#listener.ended(endOf(error))
    }
  }

  onResponseEnd(): void {
    if (this.#isOver || this.#status === 0) return
    if (!this.#isOpen) {
      this.#refused()
      return
    }
    this.destroy()
    this.#listener.ended({ error: 'reset', detail: 'the server ended the stream', isClean: true })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return
    this.destroy()
    this.#listener.ended(endOf(error))
  }

  #refused(): void {
    this.destroy()
    this.#listener.refused(Buffer.concat(this.#refusal).subarray(0, this.#settings.refusalBytes))
  }
}

/** Why an answer with status 200 is no stream of events; null: it is one. */
function problemOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | null {
  const type = String(headers['content-type'] ?? '')
  const coding = String(headers['content-encoding'] ?? 'identity')
  if (!/^text\/event-stream\s*(?:;|$)/i.test(type))
    return `the content type is ${type === '' ? 'not given' : type.slice(0, 100)}, not text/event-stream`
  return /^\s*identity\s*$/i.test(coding)
    ? null
    : `the events come as ${coding.slice(0, 100)}, which was not asked for`
}
