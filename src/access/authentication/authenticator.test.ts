import { createHmac, sign } from 'node:crypto'
import * as fc from 'fast-check'
import { jwtVerify, createLocalJWKSet } from 'jose'
import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '../pki/certificate.ts'
import { openSigningKeys } from '../pki/signing-keys.ts'
import { createTokenFixture } from '../testing/service-accounts.ts'
import { createAuthenticator, isIdentityHeader } from './authenticator.ts'
import { identityOfCertificate } from './client-certificate.ts'
import { anonymousIdentity } from './identity.ts'
import { signToken } from './json-web-token.ts'
import { jsonWebKeySet, openIdConfiguration } from './openid-documents.ts'
import { claimedLogicalCluster } from './service-account-token.ts'
import { createStaticTokenAuthenticator } from './token-authenticator.ts'

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

function setUp() {
  const fixture = createTokenFixture()
  const tokens = [
    createStaticTokenAuthenticator([{ token: 'letmein', identity: admin }], ['atoll']),
    fixture.authenticator,
  ]
  const authenticator = createAuthenticator({ tokens })
  const bearer = (token: string) => authenticator.authenticate({ headers: { authorization: `Bearer ${token}` } })
  return { ...fixture, authenticator, bearer }
}

const hour = 3_600_000

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const claim = (clusterName: unknown) =>
  `e30.${Buffer.from(JSON.stringify({ 'kubernetes.io': { clusterName } })).toString('base64url')}.x`

describe('who asks', () => {
  it('is whom the transport knows, whatever the headers say', async () => {
    const { authenticator, issue } = setUp()
    const headers = {
      authorization: `Bearer ${await issue('one')}`,
      'x-remote-user': 'root',
      'x-remote-group': 'system:masters',
    }
    expect(authenticator.authenticate({ headers, identity: admin })).toBe(admin)
  })

  it('is anonymous without credentials, with another scheme, and with headers of a front proxy', () => {
    const { authenticator } = setUp()
    const headers = [
      {},
      { authorization: 'Basic YTpi' },
      { authorization: 'Bearer ' },
      { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' },
    ]
    for (const given of headers) expect(authenticator.authenticate({ headers: given })).toBe(anonymousIdentity)
    expect(createAuthenticator({ tokens: [], anonymous: false }).authenticate({ headers: {} })).toBeUndefined()
  })

  it('is nobody with a bearer token that nobody knows', () => {
    const { bearer } = setUp()
    for (const token of ['x', 'a.b.c', '..', 'letmein2', 'x'.repeat(20_000)]) expect(bearer(token)).toBeUndefined()
  })

  it('is the owner of a static token', () => {
    const { bearer, authenticator } = setUp()
    expect(bearer('letmein')).toBe(admin)
    expect(authenticator.reviewToken('letmein', ['other'])).toMatchObject({ ok: false })
  })

  it('is the common name of a certificate with its organizations as groups, when there is exactly one name', () => {
    expect(identityOfCertificate({ CN: 'ann', O: ['dev', 'ops'] })).toEqual({
      name: 'ann',
      groups: ['dev', 'ops', 'system:authenticated'],
    })
    expect(identityOfCertificate({ CN: 'ann', O: 'dev' })?.groups).toEqual(['dev', 'system:authenticated'])
    expect(identityOfCertificate({ CN: ['ann', 'admin'] })).toBeUndefined()
    expect(identityOfCertificate({ O: 'dev' })).toBeUndefined()
  })

  it('is never told by headers that travel on', () => {
    for (const name of [
      'authorization',
      'x-remote-user',
      'x-remote-extra-a',
      'impersonate-user',
      'impersonate-extra-x',
    ])
      expect(isIdentityHeader(name)).toBe(true)
    expect(isIdentityHeader('accept')).toBe(false)
  })
})

describe('a ServiceAccount token', () => {
  it('makes its bearer the ServiceAccount of one logical cluster, the same object every time', async () => {
    const { issue, bearer } = setUp()
    const token = await issue('one')
    const identity = await bearer(token)
    expect(identity).toMatchObject({
      name: 'system:serviceaccount:web:bot',
      uid: 'uid-one',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:web', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/cluster-name': ['one'],
        'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
      },
    })
    expect(await bearer(token)).toBe(identity)
  })

  it('answers at once when the reader does', async () => {
    const { issue, bearer } = setUp()
    expect(bearer(await issue('one'))).not.toBeInstanceOf(Promise)
  })

  it('ends with its time, a minute of leeway for clocks', async () => {
    const { issue, bearer, clock, authenticator } = setUp()
    const token = await issue('one', { expirationSeconds: 600 })
    clock.advance(659_000)
    expect(bearer(token)).toBeDefined()
    clock.advance(2_000)
    expect(bearer(token)).toBeUndefined()
    expect(authenticator.reviewToken(token, undefined)).toEqual({
      ok: false,
      error: 'service account token has expired',
    })
  })

  it('ends with its ServiceAccount, and a new one of the same name does not revive it', async () => {
    const { issue, bearer, put, reader } = setUp()
    const token = await issue('one')
    expect(bearer(token)).toBeDefined()
    put('one', 'serviceaccounts', 'web', 'bot', 'uid-new')
    expect(bearer(token)).toBeUndefined()
    reader.delete({ logicalCluster: 'one', group: '', resource: 'serviceaccounts', namespace: 'web', name: 'bot' })
    expect(bearer(token)).toBeUndefined()
  })

  it.each([
    ['Pod', 'pods', 'web', { spec: { serviceAccountName: 'bot' } }],
    ['Secret', 'secrets', 'web', {}],
    ['Node', 'nodes', '', {}],
  ])('ends with the %s that it is bound to', async (kind, resource, namespace, fields) => {
    const { issue, bearer, put, clock } = setUp()
    put('one', resource, namespace, 'x', 'uid-x', fields)
    const token = await issue('one', { boundObjectRef: { apiVersion: 'v1', kind, name: 'x', uid: 'uid-x' } })
    expect(bearer(token)).toBeDefined()
    put('one', resource, namespace, 'x', 'uid-y', fields)
    expect(bearer(token)).toBeUndefined()
    const metadata = { name: 'x', uid: 'uid-x', deletionTimestamp: new Date(clock.now()).toISOString() }
    put('one', resource, namespace, 'x', 'uid-x', { metadata })
    expect(bearer(token)).toBeDefined()
    clock.advance(61_000)
    expect(bearer(token)).toBeUndefined()
  })

  it('is for its audiences only', async () => {
    const { issue, bearer, authenticator } = setUp()
    const vault = await issue('one', { audiences: ['vault'] })
    expect(bearer(vault)).toBeUndefined()
    expect(authenticator.reviewToken(vault, ['vault', 'other'])).toMatchObject({ ok: true, audiences: ['vault'] })
    expect(authenticator.reviewToken(await issue('one'), ['vault'])).toEqual({
      ok: false,
      error: 'token audiences ["https://hub.example/clusters/one"] is invalid for the target audiences ["vault"]',
    })
    expect(bearer(await issue('one', { audiences: ['atoll'] }))).toBeDefined()
    expect(bearer(await issue('one', { audiences: ['https://hub.example/clusters/two'] }))).toBeUndefined()
  })

  it('of another key, algorithm or issuer is no token', async () => {
    const { issue, bearer, keys, issuerOf } = setUp()
    const token = await issue('one')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const kid = keys.signing.id
    const other = openSigningKeys([generateKeyPair().privateKey]).signing
    const publicPem = keys.signing.publicKey.export({ type: 'spki', format: 'pem' })
    const hs256 = `${encode({ alg: 'HS256', kid })}.${payload}`
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const derSignature = sign('sha256', Buffer.from(`${header}.${payload}`), keys.signing.privateKey).toString(
      'base64url',
    )
    const forged = [
      `${encode({ alg: 'none', kid })}.${payload}.`,
      `${encode({ alg: 'none', kid })}.${payload}.${signature}`,
      `${hs256}.${createHmac('sha256', publicPem).update(hs256).digest('base64url')}`,
      `${header}.${payload}.${derSignature}`,
      signToken({ ...other, id: kid }, claims),
      signToken(other, claims),
      signToken(keys.signing, { ...claims, iss: issuerOf('two') }),
      signToken(keys.signing, { ...claims, sub: 'system:serviceaccount:web:root' }),
      signToken(keys.signing, { ...claims, exp: '9999999999' }),
      signToken(keys.signing, { ...claims, aud: 'atoll' }),
      signToken(keys.signing, { ...claims, 'kubernetes.io': [] }),
    ]
    for (const bad of forged) expect(bearer(bad), bad).toBeUndefined()
    expect(bearer(signToken(keys.signing, claims))).toBeDefined()
  })

  it('of one logical cluster cannot be turned into one of another', async () => {
    const { keys, issue, bearer } = setUp()
    const claims = JSON.parse(Buffer.from((await issue('one')).split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      object
    >
    const moved = {
      ...claims,
      iss: 'https://hub.example/clusters/two',
      aud: ['atoll'],
      'kubernetes.io': { ...claims['kubernetes.io'], clusterName: 'two' },
    }
    expect(bearer(signToken(keys.signing, moved))).toBeUndefined() // signed by us, and yet the uid is that of workspace one
  })

  it('that is mutated anywhere is refused', async () => {
    const { issue, bearer } = setUp()
    const token = await issue('one')
    const lastSignificant = token.length - 2 // the very last character carries bits that base64 does not use
    fc.assert(
      fc.property(fc.nat(lastSignificant), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(token[at] !== character && /[\w.-]/.test(character))
        expect(bearer(token.slice(0, at) + character + token.slice(at + 1))).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('waits for a reader that is slow, and is refused when that says the object is gone', async () => {
    const { issue, bearer, put, reader } = setUp()
    put('one', 'secrets', 'web', 'x', 'uid-x')
    const token = await issue('one', { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'x' } })
    reader.delayed = true
    expect(await bearer(token)).toBeDefined()
    reader.delete({ logicalCluster: 'one', group: '', resource: 'secrets', namespace: 'web', name: 'x' })
    expect(await bearer(token)).toBeUndefined()
  })

  it('can be verified by others with what the hub publishes', async () => {
    const { issue, keys, issuerOf, clock } = setUp()
    const configuration = openIdConfiguration(issuerOf('one'), 'https://other.example/clusters/one')
    expect(configuration).toMatchObject({
      issuer: 'https://hub.example/clusters/one',
      jwks_uri: 'https://other.example/clusters/one/openid/v1/jwks',
      id_token_signing_alg_values_supported: ['ES256'],
    })
    const keySet = createLocalJWKSet(
      JSON.parse(JSON.stringify(jsonWebKeySet(keys))) as Parameters<typeof createLocalJWKSet>[0],
    )
    const options = {
      issuer: configuration['issuer'] as string,
      audience: 'vault',
      currentDate: new Date(clock.now() + hour / 2),
    }
    const { payload } = await jwtVerify(await issue('one', { audiences: ['vault'] }), keySet, options)
    expect(payload.sub).toBe('system:serviceaccount:web:bot')
    expect(payload['kubernetes.io']).toEqual({
      clusterName: 'one',
      namespace: 'web',
      serviceaccount: { name: 'bot', uid: 'uid-one' },
    })
  })

  it('says where it belongs before it is verified, and nonsense says nothing', async () => {
    const { issue } = setUp()
    expect(claimedLogicalCluster(await issue('one'))).toBe('one')
    for (const bad of ['../x', 'a/b', '', 7, 'x'.repeat(300), '*'])
      expect(claimedLogicalCluster(claim(bad))).toBeUndefined()
    expect(claimedLogicalCluster('a.b')).toBeUndefined()
  })
})
