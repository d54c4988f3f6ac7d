/** Bytes that are not the message they should be. The text is what Go's decoder says of them, as far as it says anything. */
export class ProtobufError extends Error {}

export const wireVarint = 0
export const wireFixed64 = 1
export const wireBytes = 2
export const wireGroup = 3
export const wireEndGroup = 4
export const wireFixed32 = 5

const shortRead = 'unexpected EOF'

/** Reads the wire format (https://protobuf.dev/programming-guides/encoding/). Never reads beyond its end. */
export class ProtobufReader {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#position
  }

  get length(): number {
    return this.#bytes.length
  }

  /** A field's key: number in the upper bits, wire type in the lower three. */
  tag(): number {
    const tag = this.#varint32()
    if (tag >>> 3 === 0) throw new ProtobufError(`proto: illegal tag ${tag >>> 3} (wire type ${tag})`)
    if ((tag & 7) === wireEndGroup) throw new ProtobufError('proto: wiretype end group for non-group')
    return tag
  }

  int32(): number {
    return this.#varint32() | 0
  }

  /** A bigint only when a number would lose digits. */
  int64(): number | bigint {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte(shift)
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    const value = high * 0x1_0000_0000 + (low >>> 0)
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0)
  }

  bool(): boolean {
    return this.int64() !== 0
  }

  double(): number {
    const start = this.#skip(8)
    return this.#bytes.readDoubleLE(start)
  }

  /** Where the length-delimited field that begins here ends; the position is then at its first byte. */
  end(): number {
    const length = this.int64()
    if (typeof length === 'bigint' || length < 0)
      throw new ProtobufError('proto: negative length found during unmarshaling')
    const end = this.#position + length
    if (end > this.#bytes.length) throw new ProtobufError(shortRead)
    return end
  }

  string(): string {
    const end = this.end()
    const text = this.#bytes.toString('utf8', this.#position, end)
    this.#position = end
    return text
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const end = this.end()
    const bytes = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return bytes
  }

  skipField(wireType: number): void {
    if (wireType === wireVarint) this.int64()
    else if (wireType === wireFixed64) this.#skip(8)
    else if (wireType === wireBytes) this.bytes()
    else if (wireType === wireFixed32) this.#skip(4)
    else if (wireType === wireGroup) this.#skipGroup()
    else throw new ProtobufError(`proto: illegal wireType ${wireType}`)
  }

  // Groups nest; a counter instead of recursion keeps hostile depth off the stack.
  #skipGroup(): void {
    for (let depth = 1; depth > 0;) {
      const wireType = this.#varint32() & 7
      if (wireType === wireGroup) depth++
      else if (wireType === wireEndGroup) depth--
      else this.skipField(wireType)
    }
  }

  #varint32(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte(shift)
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  #byte(shift: number): number {
    if (shift >= 64) throw new ProtobufError('proto: integer overflow')
    const byte = this.#bytes[this.#position]
    if (byte === undefined) throw new ProtobufError(shortRead)
    this.#position++
    return byte
  }

  #skip(length: number): number {
    const start = this.#position
    if (start + length > this.#bytes.length) throw new ProtobufError(shortRead)
    this.#position = start + length
    return start
  }
}
