/**
 * Writes the wire format from the end to the beginning: the length of a message is known when its fields stand, so
 * nothing is measured beforehand and nothing is moved. Fields are therefore written in descending order.
 */
export class ProtobufWriter {
  #buffer: Buffer
  /** First byte that is written; everything from here to the end is the message so far. */
  #start: number

  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity)
    this.#start = capacity
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#start
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(this.#start)
  }

  tag(number: number, wireType: number): void {
    this.varint((number << 3) | wireType)
  }

  /** Not negative, within 53 bits. */
  varint(value: number): void {
    if (value < 0x80) {
      this.#reserve(1)
      this.#buffer[this.#start] = value
      return
    }
    let size = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++
    this.#reserve(size)
    let rest = value
    for (let index = this.#start; index < this.#start + size - 1; index++) {
      this.#buffer[index] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#start + size - 1] = rest
  }

  /** Signed, as int32 and int64 fields hold it: negative numbers take ten bytes. */
  int64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) this.varint(value)
    else this.#varintOfBigInt(BigInt.asUintN(64, BigInt(value)))
  }

  #varintOfBigInt(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.raw(Uint8Array.from(bytes))
  }

  double(value: number): void {
    this.#reserve(8)
    this.#buffer.writeDoubleLE(value, this.#start)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#start)
  }

  /** A string and its length. */
  string(text: string): void {
    const size = Buffer.byteLength(text)
    this.#reserve(size)
    this.#buffer.write(text, this.#start)
    this.varint(size)
  }

  /** The length of what was written since `before` (a former `length`). */
  lengthSince(before: number): void {
    this.varint(this.length - before)
  }

  #reserve(size: number): void {
    if (size > this.#start) {
      const used = this.length
      const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, used + size))
      this.#buffer.copy(grown, grown.length - used, this.#start)
      this.#buffer = grown
      this.#start = grown.length - used
    }
    this.#start -= size
  }
}
