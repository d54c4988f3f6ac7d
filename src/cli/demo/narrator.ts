/** Prints a story: headings, sentences, what a user would type, and what came of it. */
export interface Narrator {
  chapter(title: string): void
  say(text: string): void
  /** A line that a user would type. */
  command(line: string): void
  /** What it printed; may be several lines. */
  output(text: string): void
  /** The part of a `print` that commands are given. */
  print: (text: string) => void
}

const width = 96

export function createNarrator(write: (text: string) => void): Narrator {
  let chapters = 0
  const output = (text: string) => {
    for (const line of text.replace(/\n$/, '').split('\n')) write(`    ${line}\n`)
  }
  return {
    chapter(title) {
      chapters += 1
      write(`\n${chapters}. ${title}\n`)
    },
    say: (text) => write(`${wrap(text)}\n`),
    command: (line) => write(`  $ ${line}\n`),
    output,
    print: output,
  }
}

function wrap(text: string): string {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line) => `  ${line}`).join('\n')
}
