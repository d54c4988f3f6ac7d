/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
export interface Kubeconfig {
  apiVersion: 'v1'
  kind: 'Config'
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[]
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[]
  'current-context': string
  users: { name: string; user: Record<string, string> }[]
}

export interface KubeconfigRequest {
  /** PEM of the hub's certificate authority. */
  caPem: string
  userName: string
  credentials: { certPem: string; keyPem: string } | { token: string }
  /** One context and one cluster each; the first is current. The server URL includes `/clusters/<workspace>`. */
  contexts: readonly { name: string; server: string; namespace?: string }[]
}

/** Everything embedded: the file works wherever it is carried to. */
export function buildKubeconfig({ caPem, userName, credentials, contexts }: KubeconfigRequest): Kubeconfig {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: contexts.map(({ name, server }) => ({
      name,
      cluster: { server, 'certificate-authority-data': toBase64(caPem) },
    })),
    contexts: contexts.map(({ name, namespace }) => ({
      name,
      context: { cluster: name, user: userName, ...(namespace === undefined ? {} : { namespace }) },
    })),
    'current-context': contexts[0]?.name ?? '',
    users: [{ name: userName, user: toUser(credentials) }],
  }
}

function toUser(credentials: KubeconfigRequest['credentials']): Record<string, string> {
  if ('token' in credentials) return { token: credentials.token }
  return { 'client-certificate-data': toBase64(credentials.certPem), 'client-key-data': toBase64(credentials.keyPem) }
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** YAML without a library: a kubeconfig is maps, lists and strings, and a JSON string is a YAML string. */
export function formatKubeconfig(kubeconfig: Kubeconfig): string {
  return `${formatYaml(kubeconfig, '').trimStart()}\n`
}

function formatYaml(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []'
    return value.map((item) => `\n${indent}-${formatYaml(item, `${indent}  `).replace(/^\n\s*/, ' ')}`).join('')
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([key, item]) => `\n${indent}${key}:${formatYaml(item, `${indent}  `)}`)
      .join('')
  return ` ${formatScalar(String(value))}`
}

/** Plain where nothing can be misread, quoted otherwise. */
function formatScalar(text: string): string {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text)
}
