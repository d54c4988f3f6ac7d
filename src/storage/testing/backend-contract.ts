import { afterEach, beforeEach, describe } from 'vitest'
import type { BackendHarness, ContractContext, OpenHarness } from './backend-harness.ts'
import { compactionContract } from './contract-compaction.ts'
import { feedContract } from './contract-feed.ts'
import { lifetimeContract } from './contract-lifetime.ts'
import { modelContract } from './contract-model.ts'
import { readContract } from './contract-reads.ts'
import { txnContract } from './contract-txn.ts'

/** Holds a driver to every promise of `storage/backend.ts`. `open` makes an empty store; it is called once a test. */
export function runBackendContract(name: string, open: OpenHarness): void {
  describe(`${name} keeps the contract of a backend`, () => {
    let harness: BackendHarness
    beforeEach(async () => {
      harness = await open()
    })
    afterEach(async () => {
      await harness.dispose()
    })
    const context: ContractContext = {
      backend: () => harness.backend,
      need(test, power) {
        const found = harness[power]
        if (!found) test.skip(`the ${name} driver has no ${power}`)
        return found!
      },
    }
    txnContract(context)
    readContract(context)
    feedContract(context)
    compactionContract(context)
    lifetimeContract(context)
    modelContract(open)
  })
}
