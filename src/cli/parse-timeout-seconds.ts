import { CliError } from './cli-error.ts'

/** Reads a `--timeout` while the command line is read: what is no number of seconds is refused before anything is done. */
export function parseTimeoutSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0) || !Number.isFinite(seconds)) throw new CliError(`--timeout ${text} is not a number of seconds`, 2)
  return seconds
}
