/** How many requests are in work at once, shared fairly between workspaces. */
export interface InFlightLimit {
  /** False: too many; otherwise `leave` must be called once. */
  enter(workspace: string): boolean
  leave(workspace: string): void
  readonly total: number
}

/**
 * A workspace may have as many requests in work as are still free for all: alone it gets half of the limit, two get a
 * third each, and so on. So a busy workspace finds its bound before it takes the last place, and a quiet one always
 * finds room, without a queue or a fixed share for anybody.
 */
export function createInFlightLimit(limit: number): InFlightLimit {
  const counts = new Map<string, number>()
  let total = 0
  return {
    get total() {
      return total
    },
    enter(workspace) {
      const count = counts.get(workspace) ?? 0
      if (count >= limit - total) return false
      counts.set(workspace, count + 1)
      total++
      return true
    },
    leave(workspace) {
      const count = counts.get(workspace) ?? 0
      if (count > 1) counts.set(workspace, count - 1)
      else counts.delete(workspace)
      total--
    },
  }
}
