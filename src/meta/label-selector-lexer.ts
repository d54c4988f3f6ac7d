export interface Token {
  /** `in` and `notin` are identifiers too: only their place makes them operators. */
  readonly type: 'identifier' | 'end' | '!' | ',' | '(' | ')' | 'comparison'
  readonly text: string
}

const blanks = ' \t\r\n'
const symbols = '=!(),><'

/** Splits the string form of a label selector; the last token is `end`. Never fails: wrong characters fail as keys and values. */
export function scanLabelSelector(text: string): Token[] {
  const tokens: Token[] = []
  let position = 0
  while (position < text.length) {
    const character = text.charAt(position)
    if (blanks.includes(character)) {
      position++
    } else if (symbols.includes(character)) {
      const symbol = symbolAt(text, position)
      tokens.push({ type: symbolType(symbol), text: symbol })
      position += symbol.length
    } else {
      const start = position
      while (
        position < text.length &&
        !blanks.includes(text.charAt(position)) &&
        !symbols.includes(text.charAt(position))
      )
        position++
      tokens.push({ type: 'identifier', text: text.slice(start, position) })
    }
  }
  tokens.push({ type: 'end', text: '' })
  return tokens
}

function symbolAt(text: string, position: number): string {
  const pair = text.slice(position, position + 2)
  return pair === '==' || pair === '!=' ? pair : text.charAt(position)
}

function symbolType(symbol: string): Token['type'] {
  return symbol === '!' || symbol === ',' || symbol === '(' || symbol === ')' ? symbol : 'comparison'
}
