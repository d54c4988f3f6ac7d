import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Backend } from '../storage/backend.ts'

/** What is kept for paged lists and for watches that come back; as long as kube-apiserver keeps it. */
const keepMs = 5 * 60_000
const everyMs = 60_000

/**
 * Lets the store forget what has been overwritten or deleted for longer than five minutes: without it every heartbeat
 * would stay on the disk for ever. Whoever wants to read further back is told 410 and reads anew. Ends when the returned
 * function is called; one compaction may then still be under way, which closing the store waits for.
 */
export function compactRegularly(
  backend: Pick<Backend, 'confirmedRevision' | 'compact'>,
  clock: Clock,
  logger: Logger,
): () => void {
  const marks: { atMs: number; revision: number }[] = []
  let stopped = false
  let cancel = (): void => {}

  async function compact(): Promise<void> {
    const nowMs = clock.now()
    marks.push({ atMs: nowMs, revision: await backend.confirmedRevision() })
    let old: number | undefined
    while (marks[0] && nowMs - marks[0].atMs >= keepMs) old = marks.shift()?.revision
    if (old !== undefined) await backend.compact(old)
  }
  async function goOn(): Promise<void> {
    try {
      await compact()
    } catch (error) {
      if (!stopped) logger.warn('the history of the store could not be compacted', { error })
    }
    if (!stopped) cancel = clock.after(everyMs, () => void goOn())
  }
  void goOn()
  return () => {
    stopped = true
    cancel()
  }
}
