/** A member carries its own links, so that joining and leaving cost neither an object nor a search. */
export interface InLine {
  before: InLine | null
  after: InLine | null
  inLine: boolean
}

/** First come, first served, with leaving from anywhere. */
export class WaitingLine<W extends InLine> {
  #first: InLine | null = null
  #last: InLine | null = null
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): W | null {
    return this.#first as W | null
  }

  join(member: W): void {
    member.before = this.#last
    member.after = null
    if (this.#last === null) this.#first = member
    else this.#last.after = member
    this.#last = member
    this.#joined(member)
  }

  joinInFront(member: W): void {
    member.before = null
    member.after = this.#first
    if (this.#first === null) this.#last = member
    else this.#first.before = member
    this.#first = member
    this.#joined(member)
  }

  /** Nothing happens where it is not in the line. */
  leave(member: W): void {
    if (!member.inLine) return
    if (member.before === null) this.#first = member.after
    else member.before.after = member.after
    if (member.after === null) this.#last = member.before
    else member.after.before = member.before
    member.before = null
    member.after = null
    member.inLine = false
    this.#length--
  }

  #joined(member: W): void {
    member.inLine = true
    this.#length++
  }
}
