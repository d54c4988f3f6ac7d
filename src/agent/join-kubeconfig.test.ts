import { describe, expect, it } from 'vitest'
import type { KubeconfigCluster, KubeconfigUser, SelectedContext } from '../client/node/kubeconfig.ts'
import { readJoinContext } from './join-kubeconfig.ts'

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
    ['holds a password', selected({ server: 'https://me:secret@api.example.com' }), 'password'],
    ['is not an address', selected({ server: 'nowhere' }), 'not the address'],
  ]
  it.each(refused)('is refused when it %s', (_, context, word) => {
    expect(() => readJoinContext(context)).toThrow(word)
  })
})
