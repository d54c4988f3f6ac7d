/** Values that go with a constant sentence. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * The facade that every part logs through: a constant sentence plus key/value pairs
 * (`workspace`, `kind`, `object`, `revision` …). error = someone should look, info = a state changed, debug = the rest.
 */
export interface Logger {
  error(sentence: string, fields?: LogFields): void
  warn(sentence: string, fields?: LogFields): void
  info(sentence: string, fields?: LogFields): void
  debug(sentence: string, fields?: LogFields): void
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger
}

export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  with: () => silentLogger,
}
