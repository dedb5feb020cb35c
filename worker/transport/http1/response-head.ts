/** What the head of an answer says, as far as it matters to whoever reads on. */
export class ResponseHead {
  status = 0
  /** 0 or 1, of HTTP/1.x. */
  minorVersion = 1
  /** -1: not said. */
  contentLength = -1
  isChunked = false
  closes = false
  keepsAlive = false
  /** Of the Keep-Alive hint, how long the target keeps an idle connection; -1: not said. */
  keepAliveSeconds = -1
  isEncoded = false
  hasCookies = false

  clear(): void {
    this.status = 0
    this.minorVersion = 1
    this.contentLength = -1
    this.isChunked = false
    this.closes = false
    this.keepsAlive = false
    this.keepAliveSeconds = -1
    this.isEncoded = false
    this.hasCookies = false
  }

  copy(from: ResponseHead): void {
    this.status = from.status
    this.minorVersion = from.minorVersion
    this.contentLength = from.contentLength
    this.isChunked = from.isChunked
    this.closes = from.closes
    this.keepsAlive = from.keepsAlive
    this.keepAliveSeconds = from.keepAliveSeconds
    this.isEncoded = from.isEncoded
    this.hasCookies = from.hasCookies
  }

  /** Whether the connection can be used again (RFC 9112 §9.3). */
  get staysOpen(): boolean {
    return this.minorVersion === 1 ? !this.closes : this.keepsAlive && !this.closes
  }
}
