import { type Logger as PinoLogger, pino } from 'pino'
import type { LogFields, Logger } from '../base/logger.ts'

export const logLevels = ['error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** JSON lines on standard error. An `error` field is written with its stack and its causes. */
export function createPinoLogger(level: LogLevel): Logger {
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return wrap(root, {})
}

type Pino = PinoLogger

function wrap(root: Pino, common: LogFields): Logger {
  const toFields = (fields: LogFields = {}) => {
    const merged: Record<string, unknown> = { ...common, ...fields }
    if ('error' in merged) {
      const { error, ...rest } = merged
      return { ...rest, err: error instanceof Error ? error : String(error) }
    }
    return merged
  }
  return {
    error: (sentence, fields) => root.error(toFields(fields), sentence),
    warn: (sentence, fields) => root.warn(toFields(fields), sentence),
    info: (sentence, fields) => root.info(toFields(fields), sentence),
    debug: (sentence, fields) => root.debug(toFields(fields), sentence),
    with: (fields) => wrap(root, { ...common, ...fields }),
  }
}
