import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'

/** What one suite has found, printed as it comes and kept below bench/results as Markdown and JSON. */
export interface Report {
  row(what: string, measured: string, goal?: string): void
  note(text: string): void
  save(): void
}

export function createReport(suite: string, title: string): Report {
  const when = new Date().toISOString()
  const machine = {
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  }
  const rows: { what: string; measured: string; goal: string }[] = []
  const notes: string[] = []
  return {
    row(what, measured, goal = '') {
      rows.push({ what, measured, goal })
      console.log(`| ${what} | ${measured} | ${goal} |`)
    },
    note(text) {
      notes.push(text)
      console.log(text)
    },
    save() {
      mkdirSync('bench/results', { recursive: true })
      const file = `bench/results/${suite}-${when.slice(0, 10)}`
      const facts = `${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}, Node ${machine.node}`
      const table = ['| what | measured | goal |', '|---|---|---|'].concat(
        rows.map(({ what, measured, goal }) => `| ${what} | ${measured} | ${goal} |`),
      )
      const text = [`${title}, ${when}. Machine: ${facts}.`, '', ...table, '', ...notes.map((note) => `- ${note}`), '']
      writeFileSync(`${file}.md`, text.join('\n'))
      writeFileSync(`${file}.json`, `${JSON.stringify({ suite, title, when, machine, rows, notes }, undefined, 2)}\n`)
    },
  }
}
