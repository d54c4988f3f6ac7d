const second = 1_000
const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** The AGE column: two or three significant figures (`45s`, `5m30s`, `3h`, `5d3h`, `2y11d`). */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / second)
  // Clocks differ a little: just before now is now.
  if (seconds < -1) return '<invalid>'
  if (durationMs < 0) return '0s'
  if (seconds < 2 * minute) return `${seconds}s`
  if (seconds < 10 * minute) return pair(seconds, minute, 'm', 1, 's')
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < 8 * hour) return pair(seconds, hour, 'h', minute, 'm')
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`
  if (seconds < 8 * day) return pair(seconds, day, 'd', hour, 'h')
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`
  if (seconds < 8 * year) return pair(seconds, year, 'y', day, 'd')
  return `${Math.floor(seconds / year)}y`
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)}${largeUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`
}

/** One figure (`45s`, `5m`, `3h`, `5d`, `2y`): the columns that event lists use. */
export function shortHumanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / second)
  if (seconds < -1) return '<invalid>'
  if (durationMs < 0) return '0s'
  if (seconds < minute) return `${seconds}s`
  if (seconds < hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < day) return `${Math.floor(seconds / hour)}h`
  if (seconds < year) return `${Math.floor(seconds / day)}d`
  return `${Math.floor(seconds / year)}y`
}
