import { type Hub, startHub } from '../../src/hub/hub.ts'

/** A whole hub within the test's own process, on a free port of loopback. */
export function startHubInProcess(dataDir: string, storage: 'leveldb' | 'memory'): Promise<Hub> {
  return startHub({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    storage,
    memoryBudgetBytes: 64 * 2 ** 20,
    logLevel: 'silent',
    allowLocalDial: false,
    version: '0.0.0',
  })
}
