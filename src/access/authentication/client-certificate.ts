import type { Identity } from '../../client/transport.ts'
import { authenticatedGroup } from './identity.ts'

/** The subject of a peer certificate as `tls.TLSSocket.getPeerCertificate()` gives it. */
export interface PeerSubject {
  CN?: string | string[]
  O?: string | string[]
}

/**
 * The user of a certificate that TLS has verified against the hub's own authority (`socket.authorized`): the common name,
 * with organizations as groups. To be called once a connection. Undefined when there is not exactly one name.
 */
export function identityOfCertificate(subject: PeerSubject | undefined): Identity | undefined {
  const name = subject?.CN
  if (typeof name !== 'string' || name === '') return undefined
  const organizations = subject?.O === undefined ? [] : [subject.O].flat()
  return Object.freeze({ name, groups: [...new Set([...organizations, authenticatedGroup])] })
}
