/** Cuts a stream of bytes into lines of text; empty lines are dropped. A line may be cut anywhere, also inside a character. */
export function createLineSplitter(onLine: (line: string) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let rest = ''
  return (chunk) => {
    const text = rest + decoder.decode(chunk, { stream: true })
    let start = 0
    for (;;) {
      const end = text.indexOf('\n', start)
      if (end < 0) break
      if (end > start) onLine(text.slice(start, end))
      start = end + 1
    }
    rest = start === 0 ? text : text.slice(start)
  }
}
