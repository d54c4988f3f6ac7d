import { fillFromSystem, type FillRandom } from './random-bytes.ts'

/** No vowels and nothing that looks alike: no words appear by chance. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const maxPrefixLength = 63 - suffixLength

/** `length` characters, each of the alphabet equally likely. */
export function randomSuffix(length = suffixLength, fillRandom: FillRandom = fillFromSystem): string {
  let text = ''
  const bytes = new Uint8Array(length * 2)
  while (text.length < length) {
    fillRandom(bytes)
    // Five bits that name no character are thrown away; folding them in would prefer some characters.
    for (const byte of bytes) text += alphabet.charAt(byte & 31)
  }
  return text.slice(0, length)
}

/** The name of an object that came with `generateName`: the prefix, cut to fit, and five random characters. */
export function generateName(prefix: string, fillRandom: FillRandom = fillFromSystem): string {
  return prefix.slice(0, maxPrefixLength) + randomSuffix(suffixLength, fillRandom)
}
