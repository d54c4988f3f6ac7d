import { type FieldError, fieldInvalid, fieldTooLong } from '../field-error.ts'
import { utf8ByteLength } from '../utf8.ts'

const maxBytes = 128
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u

/** The `fieldManager` of a request, or else what its User-Agent says before the first slash. */
export function managerName(fieldManager: string | undefined, userAgent: string | undefined): string {
  if (fieldManager) return fieldManager
  let name = ''
  for (const character of (userAgent ?? '').split('/')[0] ?? '') {
    if (unprintable.test(character)) continue
    if (utf8ByteLength(name + character) > maxBytes) break
    name += character
  }
  return name
}

/** What is wrong with a `fieldManager` that a client chose. */
export function validateFieldManager(fieldManager: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (utf8ByteLength(fieldManager) > maxBytes) errors.push(fieldTooLong('fieldManager', maxBytes))
  let position = 0
  for (const character of fieldManager) {
    if (unprintable.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      const detail = `invalid character U+${code} (at position ${position})`
      errors.push(fieldInvalid('fieldManager', fieldManager, detail))
    }
    position += utf8ByteLength(character)
  }
  return errors
}
