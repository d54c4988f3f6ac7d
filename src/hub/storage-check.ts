import type { HealthCheck } from '../apiserver/api-server.ts'
import type { Backend } from '../storage/backend.ts'

/**
 * Fails while the store takes no writes or cannot be read. Not part of /livez: reads go on after a failed write, and a
 * restart would end them, too, on a disk that is still full.
 */
export function createStorageCheck(backend: Backend): HealthCheck {
  return {
    name: 'storage',
    endpoints: ['healthz', 'readyz'],
    async check() {
      await backend.get('')
      // Moves nothing, but waits its turn among the writes.
      await backend.advanceRevision(0)
    },
  }
}
