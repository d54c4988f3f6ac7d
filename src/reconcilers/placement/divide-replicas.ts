/** Shares `replicas` out evenly over `count` child clusters; the first ones get the remainder. */
export function divideEvenly(replicas: number, count: number): number[] {
  const base = Math.floor(replicas / count)
  const rest = replicas % count
  return Array.from({ length: count }, (_, index) => base + (index < rest ? 1 : 0))
}
