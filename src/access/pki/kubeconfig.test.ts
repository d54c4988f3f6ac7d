import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { buildKubeconfig, formatKubeconfig } from './kubeconfig.ts'

const contexts = [
  { name: 'root', server: 'https://127.0.0.1:6443/clusters/root' },
  { name: 'root:acme', server: 'https://127.0.0.1:6443/clusters/root:acme', namespace: 'on' },
]

describe('a kubeconfig', () => {
  it('carries certificates within itself, one context a workspace, the first one current', () => {
    const config = buildKubeconfig({
      caPem: 'CA',
      userName: 'admin',
      credentials: { certPem: 'C', keyPem: 'K' },
      contexts,
    })
    expect(config['current-context']).toBe('root')
    expect(config.clusters[1]).toEqual({
      name: 'root:acme',
      cluster: { server: 'https://127.0.0.1:6443/clusters/root:acme', 'certificate-authority-data': 'Q0E=' },
    })
    expect(config.users).toEqual([
      { name: 'admin', user: { 'client-certificate-data': 'Qw==', 'client-key-data': 'Sw==' } },
    ])
  })

  it('reads back from YAML as it was, odd words among it', () => {
    for (const token of ['abc', 'null', 'yes', '0123', 'a: b', '- x', '"', "it's", 'ü\u2028', '', ' ']) {
      const config = buildKubeconfig({ caPem: 'CA', userName: token, credentials: { token }, contexts })
      expect(parse(formatKubeconfig(config))).toEqual(config)
    }
    const empty = buildKubeconfig({ caPem: 'CA', userName: 'u', credentials: { token: 't' }, contexts: [] })
    expect(parse(formatKubeconfig(empty))).toEqual(empty)
  })

  it('is text that a person can read', () => {
    const text = formatKubeconfig(
      buildKubeconfig({
        caPem: 'CA',
        userName: 'admin',
        credentials: { token: 'abc' },
        contexts: contexts.slice(0, 1),
      }),
    )
    expect(text).toBe(`apiVersion: v1
kind: Config
clusters:
  - name: root
    cluster:
      server: "https://127.0.0.1:6443/clusters/root"
      certificate-authority-data: "Q0E="
contexts:
  - name: root
    context:
      cluster: root
      user: admin
current-context: root
users:
  - name: admin
    user:
      token: abc
`)
  })
})
