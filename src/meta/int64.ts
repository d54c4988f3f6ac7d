/** Go's strconv.ParseInt(text, 10, bits): a sign, decimal digits, nothing else; undefined when it is no such number. */
export function parseInt64(text: string, bits: 32 | 64 = 64): bigint | undefined {
  // Twenty characters hold any int64; leading zeros beyond that are nobody's honest number.
  if (text.length > 40 || !/^[+-]?[0-9]+$/.test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

export const maxInt64 = 9_223_372_036_854_775_807n
export const minInt64 = -9_223_372_036_854_775_808n
