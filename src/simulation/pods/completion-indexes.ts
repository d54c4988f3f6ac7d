import type { Pod } from '../workload-types.ts'

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'

/** The index that a pod of an Indexed job works on; -1 when it has none. */
export function indexOf({ metadata }: Pod): number {
  const text = metadata.annotations?.[indexAnnotation] ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : -1
}

/** `0-2,4` as `status.completedIndexes` has it. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].filter((index) => index >= 0).toSorted((a, b) => a - b)
  const ranges: [first: number, last: number][] = []
  for (const index of sorted) {
    const range = ranges.at(-1)
    if (range && range[1] === index - 1) range[1] = index
    else ranges.push([index, index])
  }
  return ranges
    .map(([first, last]) =>
      first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`,
    )
    .join(',')
}

export function parseIndexes(text: string): Set<number> {
  const indexes = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part)
    if (!match) continue
    const first = Number(match[1])
    const last = Number(match[2] ?? first)
    // As many as a job may have.
    for (let index = first; index <= Math.min(last, first + 100_000); index++) indexes.add(index)
  }
  return indexes
}
