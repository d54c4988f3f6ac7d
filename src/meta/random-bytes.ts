/** Fills the whole array with random bytes. Injected, so that tests decide what chance is. */
export type FillRandom = (target: Uint8Array<ArrayBuffer>) => void

export const fillFromSystem: FillRandom = (target) => {
  globalThis.crypto.getRandomValues(target)
}
