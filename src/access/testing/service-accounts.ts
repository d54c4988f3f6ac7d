import { createManualClock } from '../../base/clock.ts'
import type { OperationContext } from '../../registry/resource-definition.ts'
import { generateKeyPair } from '../pki/certificate.ts'
import { openSigningKeys } from '../pki/signing-keys.ts'
import { createServiceAccountAuthenticator } from '../authentication/service-account-authenticator.ts'
import { createIssuerOf } from '../authentication/service-account-token.ts'
import { createTokenRequests } from '../authentication/token-request.ts'
import { MemoryReader } from './memory-reader.ts'

export const startMs = Date.parse('2026-11-21T00:00:00Z')

/** Keys, a clock that a test moves, and a ServiceAccount `web/bot` in the logical clusters `one` and `two`. */
export function createTokenFixture() {
  const clock = createManualClock(startMs)
  const reader = new MemoryReader()
  const keys = openSigningKeys([generateKeyPair().privateKey])
  const issuerOf = createIssuerOf('https://hub.example')
  const put = (logicalCluster: string, resource: string, namespace: string, name: string, uid: string, fields = {}) =>
    reader.put(
      { logicalCluster, group: '', resource, namespace, name },
      { metadata: { name, uid, ...(namespace ? { namespace } : {}) }, ...fields },
    )
  put('one', 'serviceaccounts', 'web', 'bot', 'uid-one')
  put('two', 'serviceaccounts', 'web', 'bot', 'uid-two')
  const requestToken = createTokenRequests({ keys, issuerOf, clock, maxLifetimeSeconds: 86_400 })
  return {
    clock,
    reader,
    keys,
    issuerOf,
    put,
    requestToken,
    authenticator: createServiceAccountAuthenticator({ keys, issuerOf, reader, clock, apiAudiences: ['atoll'] }),
    /** A token of `web/bot`. */
    issue: async (logicalCluster: string, spec: Record<string, unknown> = {}): Promise<string> => {
      const answer = await requestToken('bot', { metadata: {}, spec }, createContext(reader, logicalCluster, 'web'))
      return (answer['status'] as { token: string }).token
    },
  }
}

export function createContext(
  reader: MemoryReader,
  logicalCluster: string,
  namespace = '',
): OperationContext & { warnings: string[] } {
  const warnings: string[] = []
  return {
    logicalCluster,
    user: { name: 'alice', groups: ['system:authenticated'] },
    namespace,
    version: 'v1',
    dryRun: false,
    nowMs: startMs,
    warn: (text) => void warnings.push(text),
    reader,
    warnings,
  }
}
