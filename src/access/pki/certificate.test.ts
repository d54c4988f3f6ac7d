import { createPrivateKey, X509Certificate } from 'node:crypto'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type PeerCertificate } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { createCertificateAuthority, dayMs, issueKeyPair, openCertificateAuthority } from './certificate.ts'

const nowMs = Date.now()
const folder = mkdtempSync(join(tmpdir(), 'pki-'))
afterAll(() => rmSync(folder, { recursive: true }))

const authorityPem = createCertificateAuthority('test-ca', { nowMs, lifetimeMs: 30 * dayMs })
const authority = openCertificateAuthority(authorityPem)
const admin = { commonName: 'jürgen', organizations: ['system:masters', 'dev'] }

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('certificates', () => {
  it('name their hosts, of every form of address', () => {
    const hosts = [
      'localhost',
      '127.0.0.1',
      '::1',
      'fd00::12:0:34',
      '::ffff:10.1.2.3',
      '2001:db8:1:2:3:4:5:6',
      'hub.example',
      '*.hub.example',
    ]
    const { certPem } = issueKeyPair(authority, {
      subject: { commonName: 'hub', organizations: [] },
      usage: 'serverAuth',
      hosts,
      nowMs,
      lifetimeMs: dayMs,
    })
    const certificate = new X509Certificate(certPem)
    for (const address of ['127.0.0.1', '::1', 'fd00:0:0:0:0:12:0:34', '::ffff:a01:203', '2001:db8:1:2:3:4:5:6'])
      expect(certificate.checkIP(address), address).toBe(address)
    for (const name of ['localhost', 'hub.example', 'acme.hub.example'])
      expect(certificate.checkHost(name), name).toBeDefined()
    expect(certificate.checkHost('example')).toBeUndefined()
  })

  it('refuse what is no host', () => {
    const request = { subject: admin, usage: 'serverAuth', nowMs, lifetimeMs: dayMs } as const
    expect(() => issueKeyPair(authority, { ...request, hosts: ['a b'] })).toThrow('"a b" is not a host name')
  })

  it('begin an hour early and never outlive their authority', () => {
    const { certPem } = issueKeyPair(authority, { subject: admin, usage: 'clientAuth', nowMs, lifetimeMs: 300 * dayMs })
    const certificate = new X509Certificate(certPem)
    const second = Math.floor(nowMs / 1000) * 1000
    expect(Date.parse(certificate.validFrom)).toBe(second - 3_600_000)
    expect(certificate.validTo).toBe(authority.certificate.validTo)
    expect(Date.parse(certificate.validTo)).toBe(second + 30 * dayMs)
  })

  it('can end after 2049', () => {
    const far = createCertificateAuthority('far', { nowMs, lifetimeMs: 40 * 365 * dayMs })
    expect(new X509Certificate(far.certPem).validTo).toMatch(/ 20[56]\d GMT$/)
  })

  it.skipIf(spawnSync('openssl', ['version']).status !== 0)('pass the checks of openssl, strictly', () => {
    const server = issueKeyPair(authority, {
      subject: { commonName: 'hub', organizations: [] },
      usage: 'serverAuth',
      hosts: ['localhost'],
      nowMs,
      lifetimeMs: dayMs,
    })
    const client = issueKeyPair(authority, { subject: admin, usage: 'clientAuth', nowMs, lifetimeMs: dayMs })
    const ca = file('ca.pem', authorityPem.certPem)
    const verify = (purpose: string, path: string) =>
      execFileSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', ca, path], {
        stdio: 'pipe',
      }).toString()
    expect(verify('sslserver', file('server.pem', server.certPem))).toContain('OK')
    expect(verify('sslclient', file('client.pem', client.certPem))).toContain('OK')
    expect(() => verify('sslserver', file('client.pem', client.certPem))).toThrow('unsuitable certificate purpose')
  })

  it('authenticate both ends of a TLS connection, and the name arrives as it was given', async () => {
    const server = issueKeyPair(authority, {
      subject: { commonName: 'hub', organizations: [] },
      usage: 'serverAuth',
      hosts: ['localhost'],
      nowMs,
      lifetimeMs: dayMs,
    })
    const client = issueKeyPair(authority, { subject: admin, usage: 'clientAuth', nowMs, lifetimeMs: dayMs })
    const peer = await new Promise<PeerCertificate>((resolve, reject) => {
      const listener = createServer(
        {
          cert: server.certPem,
          key: server.keyPem,
          ca: authority.certPem,
          requestCert: true,
          rejectUnauthorized: true,
        },
        (socket) => {
          resolve(socket.getPeerCertificate())
          socket.end()
          listener.close()
        },
      ).listen(0, '127.0.0.1', () => {
        const { port } = listener.address() as { port: number }
        connect({
          port,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: authority.certPem,
          cert: client.certPem,
          key: client.keyPem,
        })
          .on('error', reject)
          .resume()
      })
    })
    expect(peer.subject.CN).toBe('jürgen')
    expect(peer.subject.O).toEqual(['system:masters', 'dev'])
  })

  it('belong to the keys that come with them', () => {
    const pair = issueKeyPair(authority, { subject: admin, usage: 'clientAuth', nowMs, lifetimeMs: dayMs })
    expect(new X509Certificate(pair.certPem).checkPrivateKey(createPrivateKey(pair.keyPem))).toBe(true)
  })
})
