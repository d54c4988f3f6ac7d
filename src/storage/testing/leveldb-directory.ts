import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Backend } from '../backend.ts'
import { openLeveldbBackend, type LeveldbOptions } from '../leveldb/leveldb-backend.ts'

/** Directories and stores of one test, closed and removed after it. */
export function leveldbDirectories() {
  const directories: string[] = []
  const backends: Backend[] = []
  afterEach(async () => {
    await Promise.all(backends.splice(0).map((backend) => backend.close()))
    await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true, force: true })))
  })
  return {
    async directory(): Promise<string> {
      const directory = await mkdtemp(join(tmpdir(), 'atoll-store-'))
      directories.push(directory)
      return directory
    },
    async open(directory: string, options: Partial<LeveldbOptions> = {}): Promise<Backend> {
      const backend = await openLeveldbBackend({ directory, ...options })
      backends.push(backend)
      return backend
    },
  }
}

/** The files of one sort in a store's directory, oldest first. */
export async function filesOf(directory: string, ending: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(ending)).sort()
  return names.map((name) => join(directory, name))
}
