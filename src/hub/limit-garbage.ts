import { setFlagsFromString } from 'node:v8'

/**
 * How much the heap may grow beyond what was alive at the last full collection before there is another one. Left alone,
 * the collector sees a machine with much memory and lets a hub of 100 MB grow by 300 MB of garbage; native memory that
 * hangs on that garbage comes on top. A full collection of a heap of this size costs some 50 ms, most of it beside the
 * program.
 */
const growthPercent = 30

/** For a process that is a hub and nothing else; to be called before the heap has grown. */
export function limitGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
}
