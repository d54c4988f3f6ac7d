import { readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startHubProcess, type HubProcess } from '../support/hub-process.ts'
import { newestKubectl } from '../support/kubectl.ts'

interface AuditEvent {
  verb: string
  user: { username: string }
  impersonatedUser?: { username: string }
  objectRef?: { resource: string; name?: string }
  responseStatus?: { code: number }
}

const hasKubectl = newestKubectl() !== undefined
if (!hasKubectl) console.warn('SKIPPED: no kubectl on PATH')

describe.skipIf(!hasKubectl)('a hub that is audited', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-audit-'))
  const auditLog = join(folder, 'audit.log')
  let hub: HubProcess
  const events = async () => {
    const lines = (await readFile(auditLog, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as AuditEvent)
  }

  beforeAll(async () => {
    hub = await startHubProcess({ name: 'audited', args: ['--audit-log', auditLog] })
  })
  afterAll(async () => {
    await hub?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('writes who did what, as whom, and with which outcome, to a file for its owner only', async () => {
    await hub.mustKubectl('root', ['create', 'configmap', 'seen', '--from-literal=password=secret'])
    const refused = await hub.kubectl('root', ['delete', 'configmap', 'seen', '--as=eve'])
    expect(refused.code).toBe(1)
    await hub.mustKubectl('root', ['get', 'configmaps'])
    const aboutIt = async () => (await events()).filter(({ objectRef }) => objectRef?.resource === 'configmaps')
    await eventually(async () => (await aboutIt()).length >= 2, { what: 'both are in the audit log' })
    const found = (await aboutIt()).filter(({ user }) => user.username === 'admin')
    expect(found).toMatchObject([
      { verb: 'create', objectRef: { resource: 'configmaps', name: 'seen' }, responseStatus: { code: 201 } },
      {
        verb: 'delete',
        objectRef: { name: 'seen' },
        impersonatedUser: { username: 'eve' },
        responseStatus: { code: 403 },
      },
    ])
    expect(await readFile(auditLog, 'utf8')).not.toContain('secret"')
    expect((await stat(auditLog)).mode & 0o777).toBe(0o600)
  })

  it('publishes the keys of its ServiceAccount tokens in each workspace', async () => {
    await hub.mustAtoll(['ws', 'create', 'acme'])
    const get = async (path: string) =>
      JSON.parse(await hub.mustKubectl('root', ['get', '--raw', path, `--server=${hub.url}`])) as Record<
        string,
        unknown
      >
    const configuration = await get('/clusters/root:acme/.well-known/openid-configuration')
    expect(configuration['jwks_uri']).toBe(`${hub.url}/clusters/root:acme/openid/v1/jwks`)
    expect(configuration['issuer']).toMatch(/^https:\/\/.*\/clusters\/[a-z0-9]{16}$/)
    expect(await get('/clusters/root:acme/openid/v1/jwks')).toMatchObject({ keys: [{ use: 'sig', alg: 'ES256' }] })
  })
})
