import { authenticatedGroup } from '../access/authentication/identity.ts'
import type { Identity } from '../client/transport.ts'

/** Who the hub's own parts are, in process. */
export function systemIdentity(part: string): Identity {
  return { name: `system:atoll:${part}`, groups: ['system:masters', authenticatedGroup] }
}
