import { fieldInvalid, type FieldError } from './field-error.ts'
import { checkLabelValue, checkQualifiedName } from './names.ts'

/** Labels of an object or `matchLabels` of a selector; the field is the map's, as upstream reports it. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  if (!labels) return errors
  for (const key of Object.keys(labels)) {
    const value: unknown = labels[key]
    for (const message of checkQualifiedName(key)) errors.push(fieldInvalid(field, key, message))
    if (typeof value !== 'string') continue // the schema refuses it
    for (const message of checkLabelValue(value)) errors.push(fieldInvalid(field, value, message))
  }
  return errors
}
