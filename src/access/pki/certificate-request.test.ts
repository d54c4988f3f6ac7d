import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isApiStatusError } from '../../meta/api-errors.ts'
import { createCertificateAuthority, dayMs, openCertificateAuthority } from './certificate.ts'
import { createCertificateRequest, parseCertificateRequest, signCertificateRequest } from './certificate-request.ts'
import { fromPem, toPem } from './der.ts'

const nowMs = Date.now()
const authority = openCertificateAuthority(createCertificateAuthority('test-ca', { nowMs, lifetimeMs: 30 * dayMs }))
const agent = { commonName: 'system:fleet:agent:42', organizations: ['system:fleet:agents'] }
const policy = { subject: agent, nowMs, lifetimeMs: dayMs }

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
}

function opensslRequest(algorithm: string[], subject: string, ...more: string[]): string {
  return openssl('req', '-new', '-nodes', '-keyout', '/dev/null', ...algorithm, '-subj', subject, '-batch', ...more)
}

/** Another implementation to compare with; without it those tests are skipped. */
const withoutOpenssl = spawnSync('openssl', ['version']).status !== 0
const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

const parse = (csr: string) => () => parseCertificateRequest(csr)

describe('certificate requests', () => {
  it('of our own are signed for the subject that the signer expects', () => {
    const { csrPem } = createCertificateRequest(agent)
    const certificate = new X509Certificate(signCertificateRequest(authority, csrPem, policy))
    expect(certificate.checkIssued(authority.certificate)).toBe(true)
    expect(certificate.verify(authority.certificate.publicKey)).toBe(true)
    expect(certificate.subject).toBe('O=system:fleet:agents\nCN=system:fleet:agent:42')
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(parseCertificateRequest(csrPem).publicKey.equals(certificate.publicKey)).toBe(true)
  })

  it.skipIf(withoutOpenssl).each([
    ['P-256', p256],
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['RSA', ['-newkey', 'rsa:2048']],
    ['Ed25519', ['-newkey', 'ed25519']],
  ])('of openssl with a key of %s are understood, and ours by openssl', (_, algorithm) => {
    const csr = opensslRequest(
      algorithm,
      '/O=system:fleet:agents/CN=system:fleet:agent:42',
      '-addext',
      'subjectAltName=DNS:evil.example',
    )
    const certificate = new X509Certificate(signCertificateRequest(authority, csr, policy))
    expect(certificate.subjectAltName).toBeUndefined()
    const { csrPem } = createCertificateRequest(agent)
    expect(
      execFileSync('openssl', ['req', '-verify', '-noout', '-subject'], {
        input: csrPem,
        stdio: ['pipe', 'pipe', 'ignore'],
      }).toString(),
    ).toContain('agent:42')
  })

  it.each([
    ['another name', { commonName: 'system:fleet:agent:43', organizations: agent.organizations }],
    ['more groups', { commonName: agent.commonName, organizations: [...agent.organizations, 'system:masters'] }],
    ['no groups', { commonName: agent.commonName, organizations: [] }],
    [
      'groups that only look alike when joined',
      { commonName: agent.commonName, organizations: ['system:fleet:agents\nx'] },
    ],
  ])('for %s are refused', (_, subject) => {
    const { csrPem } = createCertificateRequest(subject)
    expect(() => signCertificateRequest(authority, csrPem, policy)).toThrow('the certificate request must be for')
  })

  it.skipIf(withoutOpenssl)('with a weak key, an unknown attribute or two names are refused', () => {
    expect(parse(opensslRequest(['-newkey', 'rsa:1024'], '/CN=a'))).toThrow('the key must be')
    expect(parse(opensslRequest(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], '/CN=a'))).toThrow(
      'the key must be',
    )
    expect(parse(opensslRequest(p256, '/CN=a/C=DE'))).toThrow('attribute 2.5.4.6')
    expect(parse(opensslRequest(p256, '/CN=a/CN=b'))).toThrow('exactly one common name')
    expect(parse(opensslRequest(p256, '/O=a'))).toThrow('exactly one common name')
  })

  it('that are no requests at all are refused', () => {
    expect(parse('hello')).toThrow('no PEM block')
    expect(parse(toPem('CERTIFICATE REQUEST', Buffer.from('hello')))).toThrow('is not valid')
  })

  it('with a signature of another key are refused', () => {
    const one = fromPem('CERTIFICATE REQUEST', createCertificateRequest(agent).csrPem) as Uint8Array
    one[one.length - 3] = (one[one.length - 3] ?? 0) ^ 1
    expect(() => parseCertificateRequest(toPem('CERTIFICATE REQUEST', one))).toThrow(
      'the signature does not fit the key',
    )
  })

  it('that are mutated or cut never get through and never break the parser', () => {
    const whole = fromPem('CERTIFICATE REQUEST', createCertificateRequest(agent).csrPem) as Uint8Array
    const mutation = fc.record({
      at: fc.nat(whole.length - 1),
      xor: fc.integer({ min: 1, max: 255 }),
      length: fc.nat(whole.length),
    })
    fc.assert(
      fc.property(mutation, fc.boolean(), ({ at, xor, length }, cut) => {
        const bytes = cut
          ? whole.slice(0, length)
          : Uint8Array.from(whole, (byte, index) => (index === at ? byte ^ xor : byte))
        if (cut && length === whole.length) return
        try {
          parseCertificateRequest(toPem('CERTIFICATE REQUEST', bytes))
        } catch (error) {
          expect(isApiStatusError(error) && error.code).toBe(400)
          return
        }
        throw new Error('a mutated request was accepted')
      }),
      { numRuns: 1_500 },
    )
  })
})
