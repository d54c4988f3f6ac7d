import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../backend.ts'
import { runBackendContract } from '../testing/backend-contract.ts'
import { openLeveldbBackend } from './leveldb-backend.ts'
import type { WriteBatch } from './database.ts'

runBackendContract('leveldb', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'atoll-store-'))
  let gate: Promise<void> | undefined
  const wrapWriter =
    (write: WriteBatch): WriteBatch =>
    async (operations, sync) => {
      await gate
      await write(operations, sync)
    }
  const open = (): Promise<Backend> => openLeveldbBackend({ directory, wrapWriter })
  let current = await open()
  return {
    backend: current,
    reopen: async () => (current = await open()),
    holdWrites() {
      let release: (() => void) | undefined
      gate = new Promise((resolve) => (release = resolve))
      return () => release?.()
    },
    dispose: async () => {
      await current.close()
      await rm(directory, { recursive: true })
    },
  }
})
