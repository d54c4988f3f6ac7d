import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryBackend, createSharedMemory } from '../../storage/memory/memory-backend.ts'
import { dayMs } from './certificate.ts'
import { hubSecretKeys, loadOrCreateHubSecrets } from './hub-secrets.ts'
import { loadOrIssueServingCertificate } from './serving-certificate.ts'

const nowMs = Date.parse('2026-11-21T00:00:00Z')

describe('the secrets of a hub', () => {
  it('are made once and found again', async () => {
    const backend = createMemoryBackend()
    const first = await loadOrCreateHubSecrets(backend, nowMs)
    const second = await loadOrCreateHubSecrets(backend, nowMs + dayMs)
    expect(second.identity).toEqual(first.identity)
    expect(first.identity).toMatchObject({ incarnation: 1, createdAt: '2026-11-21T00:00:00.000Z' })
    expect(second.certificateAuthority.certPem).toBe(first.certificateAuthority.certPem)
    expect(second.serviceAccountKeys.signing.id).toBe(first.serviceAccountKeys.signing.id)
    await backend.close()
  })

  it('are the same for replicas that start at the same time', async () => {
    const memory = createSharedMemory()
    const replicas = [memory.open(), memory.open(), memory.open()]
    const all = await Promise.all(replicas.map((backend) => loadOrCreateHubSecrets(backend, nowMs)))
    expect(new Set(all.map(({ identity }) => identity.id)).size).toBe(1)
    expect(new Set(all.map(({ certificateAuthority }) => certificateAuthority.certPem)).size).toBe(1)
    for (const backend of replicas) await backend.close()
  })

  it('are not completed when a part is missing, nor replaced when one cannot be read', async () => {
    const backend = createMemoryBackend()
    await loadOrCreateHubSecrets(backend, nowMs)
    await backend.txn({ deletes: [hubSecretKeys.certificateAuthority] })
    await expect(loadOrCreateHubSecrets(backend, nowMs)).rejects.toThrow('a part of the identity')
    await backend.txn({ puts: [{ key: hubSecretKeys.certificateAuthority, value: Buffer.from('{"certPem":1}') }] })
    await expect(loadOrCreateHubSecrets(backend, nowMs)).rejects.toThrow(
      'the value of h/ca in the store cannot be read',
    )
    await backend.close()
  })
})

async function setUp() {
  const backend = createMemoryBackend()
  const { certificateAuthority } = await loadOrCreateHubSecrets(backend, nowMs)
  const at = (names: Parameters<typeof loadOrIssueServingCertificate>[2], whenMs: number) =>
    loadOrIssueServingCertificate(backend, certificateAuthority, names, whenMs)
  return { backend, at }
}

describe('the serving certificate', () => {
  it('answers for loopback, the given hosts and every workspace below the hub domain', async () => {
    const { at } = await setUp()
    const { certPem } = await at({ hosts: ['hub.example', '10.0.0.7'], hubDomain: 'ws.example' }, nowMs)
    const certificate = new X509Certificate(certPem)
    for (const name of ['localhost', 'hub.example', 'ws.example', 'acme.ws.example'])
      expect(certificate.checkHost(name)).toBeDefined()
    for (const address of ['127.0.0.1', '::1', '10.0.0.7']) expect(certificate.checkIP(address)).toBeDefined()
  })

  it('stays while it is good, and is replaced for other names and in time before it ends', async () => {
    const { at } = await setUp()
    const first = await at({}, nowMs)
    expect((await at({}, nowMs + 200 * dayMs)).certPem).toBe(first.certPem)
    expect((await at({ hosts: ['other'] }, nowMs)).certPem).not.toBe(first.certPem)
    const renewed = await at({}, nowMs + 300 * dayMs)
    expect(renewed.certPem).not.toBe(first.certPem)
    expect((await at({}, nowMs + 301 * dayMs)).certPem).toBe(renewed.certPem)
  })

  it('is replaced when it was signed by another authority', async () => {
    const { backend, at } = await setUp()
    const other = await at({}, nowMs)
    await backend.txn({ deletes: Object.values(hubSecretKeys) })
    const { certificateAuthority } = await loadOrCreateHubSecrets(backend, nowMs)
    const fresh = await loadOrIssueServingCertificate(backend, certificateAuthority, {}, nowMs)
    expect(fresh.certPem).not.toBe(other.certPem)
  })
})
