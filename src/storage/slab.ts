/**
 * Room for many small things that live about as long as each other. Node's own pool would let one of them keep 8 KB of
 * somebody else's garbage alive; here they share a slab with their like only, and those over an eighth of it stand alone.
 */
export function createSlabs(slabBytes: number): (length: number) => Buffer {
  let slab = Buffer.alloc(0)
  let used = 0
  return (length) => {
    if (length > slabBytes / 8) return Buffer.allocUnsafeSlow(length)
    if (used + length > slab.length) {
      slab = Buffer.allocUnsafeSlow(slabBytes)
      used = 0
    }
    const room = slab.subarray(used, used + length)
    used += length
    return room
  }
}
