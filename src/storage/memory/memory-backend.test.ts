import { runBackendContract } from '../testing/backend-contract.ts'
import { createSharedMemory } from './memory-backend.ts'

runBackendContract('memory', async () => {
  const store = createSharedMemory()
  const backend = store.open()
  return {
    backend,
    openDelayed: async () => {
      const second = store.open({ holdFeed: true })
      return { backend: second, releaseFeed: (count) => second.releaseFeed(count) }
    },
    dispose: () => backend.close(),
  }
})
