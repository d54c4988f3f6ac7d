import { describe, expect, it } from 'vitest'
import { createContext, createTokenFixture } from '../testing/service-accounts.ts'
import { createAuthenticator } from './authenticator.ts'
import { createTokenReview, reviewSelf } from './user-reviews.ts'

function setUp() {
  const fixture = createTokenFixture()
  const context = createContext(fixture.reader, 'one', 'web')
  const request = (spec: unknown, metadata = {}, name = 'bot') =>
    fixture.requestToken(name, { metadata, spec }, context)
  return { ...fixture, context, request }
}

describe('TokenRequest', () => {
  it('answers with a token for an hour and the API, unless told otherwise', async () => {
    const { request } = setUp()
    expect(await request({})).toEqual({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'bot', namespace: 'web', uid: 'uid-one', creationTimestamp: '2026-11-21T00:00:00Z' },
      spec: { audiences: ['https://hub.example/clusters/one'], expirationSeconds: 3600, boundObjectRef: null },
      status: { token: expect.any(String) as string, expirationTimestamp: '2026-11-21T01:00:00Z' },
    })
    expect(await request({ audiences: ['vault'], expirationSeconds: 600 })).toMatchObject({
      spec: { audiences: ['vault'], expirationSeconds: 600 },
      status: { expirationTimestamp: '2026-11-21T00:10:00Z' },
    })
  })

  it('shortens what is too long, with a warning', async () => {
    const { request, context } = setUp()
    expect(await request({ expirationSeconds: 10_000_000 })).toMatchObject({
      status: { expirationTimestamp: '2026-11-22T00:00:00Z' },
    })
    expect(context.warnings).toEqual(['requested expiration of 10000000 seconds shortened to 86400 seconds'])
  })

  it.each([
    [
      { expirationSeconds: 599 },
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [{ expirationSeconds: 2 ** 33 }, 422, 'may not specify a duration larger than 2^32 seconds'],
    [
      { boundObjectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } },
      400,
      'cannot bind token to object of type apps/v1, Kind=Deployment',
    ],
    [
      { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'other' } },
      400,
      'cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
    ],
    [{ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'absent' } }, 404, 'secrets "absent" not found'],
    [
      { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'x', uid: 'old' } },
      409,
      'Operation cannot be fulfilled on Secret "x": the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated',
    ],
  ])('refuses %j with %i', async (spec, code, message) => {
    const { request, put } = setUp()
    put('one', 'pods', 'web', 'other', 'uid-p', { spec: { serviceAccountName: 'someone' } })
    put('one', 'secrets', 'web', 'x', 'uid-x')
    await expect(request(spec)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string })
  })

  it('refuses an absent ServiceAccount, another name in the body, and an old uid', async () => {
    const { request } = setUp()
    await expect(request({}, {}, 'nobody')).rejects.toMatchObject({
      code: 404,
      message: 'serviceaccounts "nobody" not found',
    })
    await expect(request({}, { name: 'x' })).rejects.toMatchObject({ code: 422 })
    await expect(request({}, { namespace: 'x' })).rejects.toMatchObject({ code: 422 })
    await expect(request({}, { uid: 'old' })).rejects.toMatchObject({ code: 409 })
  })

  it('finds a bound object in its own workspace only', async () => {
    const { request, put } = setUp()
    put('two', 'secrets', 'web', 'theirs', 'uid-t')
    await expect(
      request({ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'theirs' } }),
    ).rejects.toMatchObject({ code: 404 })
  })
})

async function review(logicalCluster: string, token: string, fixture: ReturnType<typeof createTokenFixture>) {
  const tokenReview = createTokenReview(createAuthenticator({ tokens: [fixture.authenticator] }))
  const answer = await tokenReview({ metadata: {}, spec: { token } }, createContext(fixture.reader, logicalCluster))
  return answer['status']
}

describe('TokenReview', () => {
  it('names the bearer of a token of the same workspace, and no other one', async () => {
    const fixture = createTokenFixture()
    const token = await fixture.issue('one')
    expect(await review('one', token, fixture)).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:web:bot', uid: 'uid-one' },
      audiences: ['https://hub.example/clusters/one'],
    })
    expect(await review('two', token, fixture)).toEqual({
      authenticated: false,
      error: 'invalid bearer token',
      user: {},
    })
    expect(await review('one', 'nonsense', fixture)).toEqual({
      authenticated: false,
      error: 'invalid bearer token',
      user: {},
    })
  })

  it('needs a token', async () => {
    const fixture = createTokenFixture()
    await expect(review('one', '', fixture)).rejects.toMatchObject({ code: 400 })
  })
})

describe('SelfSubjectReview', () => {
  it('tells who asks', async () => {
    const { context } = setUp()
    expect(await reviewSelf({ metadata: {} }, context)).toMatchObject({
      kind: 'SelfSubjectReview',
      status: { userInfo: { username: 'alice', groups: ['system:authenticated'] } },
    })
  })
})
