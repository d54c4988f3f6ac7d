/**
 * JSON.stringify for values that hold a bigint or are deeper than the stack: the same text, with bigints as numbers.
 * Iterative; values are trees (parsed JSON), so that it ends.
 */
export function stringifyJsonSlowly(root: unknown): string {
  const parts: string[] = []
  /** Values to write, and texts to write as they are, the next one last. */
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const item = pending.pop()
    if (item instanceof Raw) parts.push(item.text)
    else if (Array.isArray(item)) pushArray(pending, item)
    else if (typeof item === 'object' && item !== null) pushObject(pending, item)
    else if (typeof item === 'bigint') parts.push(item.toString())
    else parts.push(JSON.stringify(item) ?? 'null')
  }
  return parts.join('')
}

class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

function pushArray(pending: unknown[], items: readonly unknown[]): void {
  pending.push(new Raw(']'))
  for (let index = items.length - 1; index >= 0; index--) {
    pending.push(items[index])
    if (index > 0) pending.push(new Raw(','))
  }
  pending.push(new Raw('['))
}

function pushObject(pending: unknown[], object: object): void {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  pending.push(new Raw('}'))
  for (let index = entries.length - 1; index >= 0; index--) {
    const [key, value] = entries[index] ?? ['', null]
    pending.push(value, new Raw(`${index > 0 ? ',' : ''}${JSON.stringify(key)}:`))
  }
  pending.push(new Raw('{'))
}
