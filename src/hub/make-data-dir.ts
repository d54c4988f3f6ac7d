import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes the data directory and those above it. Node's own `recursive` never returns where a folder that exists answers
 * that it does not (`/proc`).
 */
export function makeDataDir(path: string): void {
  const folder = resolve(path)
  try {
    makeFolder(folder)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    const why = reasons[code] ?? (cause as Error).message
    throw new Error(`cannot use ${folder} as data directory: ${why}; choose another one with --data-dir`, { cause })
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file',
  ENOTDIR: 'a folder above it is a file',
  ENOENT: 'no folder can be made there',
  EACCES: 'this user may not make it',
  EPERM: 'this user may not make it',
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
}

function makeFolder(folder: string): void {
  const missing: string[] = []
  for (let at = folder; !exists(at); at = dirname(at)) missing.push(at)
  for (const one of missing.reverse()) makeOne(one)
  // Of a file that stands there already the caller hears as of one that has just come.
  if (!statSync(folder).isDirectory()) mkdirSync(folder)
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Somebody else may make it at the same time. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !exists(folder)) throw error
  }
}
