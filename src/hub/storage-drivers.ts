import type { Backend } from '../storage/backend.ts'

export interface StorageOptions {
  /** Folder of the embedded store. */
  dataDir: string
}

/** The drivers by the name that `--storage` takes: a driver is a folder and a row here. Loaded when used. */
export const storageDrivers = {
  leveldb: async ({ dataDir }: StorageOptions): Promise<Backend> => {
    const { openLeveldbBackend } = await import('../storage/leveldb/leveldb-backend.ts')
    return openLeveldbBackend({ directory: `${dataDir}/store` })
  },
  memory: async (): Promise<Backend> => {
    const { createMemoryBackend } = await import('../storage/memory/memory-backend.ts')
    return createMemoryBackend()
  },
}

export type StorageDriver = keyof typeof storageDrivers

export function isStorageDriver(name: string): name is StorageDriver {
  return Object.hasOwn(storageDrivers, name)
}
