import type { HttpTransportOptions } from '../client/node/http-transport.ts'
import { KubeconfigError, type SelectedContext, toTransportOptions } from '../client/node/kubeconfig.ts'

/**
 * The context that a child cluster is joined with. What would run programs, read other files, go by a proxy or trust
 * anybody is refused: the same address is later dialled by the hub, from its own network. Which addresses the hub dials
 * is for the hub to say.
 */
export function readJoinContext(selected: SelectedContext): HttpTransportOptions {
  const { cluster, user } = selected
  const files = [
    cluster['certificate-authority'],
    user['client-certificate'],
    user['client-key'],
    user.tokenFile,
  ].filter((file) => file !== undefined)
  if (files.length > 0)
    throw new KubeconfigError(
      `the kubeconfig names files (${files.join(', ')}): embed them, for example with "kubectl config view --flatten"`,
    )
  if (cluster['insecure-skip-tls-verify'])
    throw new KubeconfigError('the kubeconfig turns TLS verification off: give the certificate authority instead')
  checkDialedServer(cluster.server)
  return toTransportOptions(selected)
}

function checkDialedServer(server: string): void {
  let url: URL
  try {
    url = new URL(server)
  } catch (cause) {
    throw new KubeconfigError(`${JSON.stringify(server)} is not the address of a server`, { cause })
  }
  if (url.protocol !== 'https:') throw new KubeconfigError(`the server must be reached over https, not ${url.protocol}`)
  if (url.username !== '' || url.password !== '')
    throw new KubeconfigError('the address of the server holds a password')
}
