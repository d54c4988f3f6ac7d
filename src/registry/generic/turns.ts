/** One after the other, for those who would get into each other's way: by key, in the order of asking. */
export interface Turns {
  /** Waits for the turn; what is answered must be called at its end. */
  take(key: string): Promise<() => void>
  /** Keys that somebody holds or waits for. */
  readonly size: number
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>()
  return {
    async take(key) {
      const before = last.get(key)
      let release: () => void = () => {}
      const mine = new Promise<void>((resolve) => {
        release = () => {
          if (last.get(key) === mine) last.delete(key)
          resolve()
        }
      })
      last.set(key, mine)
      await before
      return release
    },
    get size() {
      return last.size
    },
  }
}
