import { describe, expect, it } from 'vitest'
import type { KubeconfigCluster, KubeconfigUser, SelectedContext } from '../client/node/kubeconfig.ts'
import { isLocalHost, readJoinContext } from './join-kubeconfig.ts'

const selected = (cluster: Partial<KubeconfigCluster>, user: KubeconfigUser = { token: 't' }): SelectedContext => ({
  name: 'c',
  context: { cluster: 'c', user: 'u' },
  cluster: { server: 'https://api.example.com:6443', ...cluster },
  user,
  folder: '/',
})

describe('a kubeconfig to join with', () => {
  it('is taken when everything is in it', () => {
    const context = selected({ 'certificate-authority-data': Buffer.from('CA').toString('base64') })
    expect(readJoinContext(context)).toEqual({ serverUrl: 'https://api.example.com:6443', caPem: 'CA', token: 't' })
  })

  const refused: [string, SelectedContext, string][] = [
    ['runs a program', selected({}, { exec: { command: 'x' } }), 'exec'],
    ['uses an auth provider', selected({}, { 'auth-provider': {} }), 'auth-provider'],
    ['names a file of an authority', selected({ 'certificate-authority': '/etc/ca' }), 'files'],
    ['names a file of a token', selected({}, { tokenFile: '/etc/passwd' }), 'files'],
    ['names a file of a key', selected({}, { 'client-key': 'k' }), 'files'],
    ['goes by a proxy', selected({ 'proxy-url': 'http://p' }), 'proxy-url'],
    ['trusts anybody', selected({ 'insecure-skip-tls-verify': true }), 'TLS verification'],
    ['has no TLS', selected({ server: 'http://api.example.com' }), 'https'],
    ['leads to the hub itself', selected({ server: 'https://127.0.0.1:6443' }), '--allow-dial'],
    ['leads to a metadata service', selected({ server: 'https://169.254.169.254' }), '--allow-dial'],
    ['is not an address', selected({ server: 'nowhere' }), 'not the address'],
  ]
  it.each(refused)('is refused when it %s', (_, context, word) => {
    expect(() => readJoinContext(context)).toThrow(word)
  })

  it('may lead to the hub’s own machine when that is allowed', () => {
    const context = selected({ server: 'https://127.0.0.1:6443' })
    expect(readJoinContext(context, { allowDial: ['127.0.0.1'] }).serverUrl).toBe('https://127.0.0.1:6443')
    expect(readJoinContext(context, { allowDial: ['127.0.0.1:6443'] }).serverUrl).toBe('https://127.0.0.1:6443')
    expect(() => readJoinContext(context, { allowDial: ['127.0.0.1:7443'] })).toThrow('--allow-dial')
  })

  it('sees local addresses in every spelling', () => {
    const hostOf = (text: string) => new URL(`https://${text}/`).hostname.replace(/^\[|\]$/g, '')
    const local = [
      'localhost',
      'a.localhost',
      '127.1',
      '0x7f.1',
      '2130706433',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[fe80::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:169.254.169.254]',
    ]
    for (const text of local) expect([text, isLocalHost(hostOf(text))]).toEqual([text, true])
    for (const text of ['10.0.0.1', 'example.com', '[2001:db8::1]', '[::ffff:10.0.0.1]'])
      expect([text, isLocalHost(hostOf(text))]).toEqual([text, false])
  })
})
