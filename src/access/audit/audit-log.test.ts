import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../base/logger.ts'
import { pathAttributes, resourceAttributes } from '../authorization/attributes.ts'
import { openAuditFile } from './audit-file.ts'
import { auditWrites, createAuditLog, type AuditRecord } from './audit-log.ts'

const ann = { name: 'ann', groups: ['dev'], extra: { k: ['v'] } }
const record: AuditRecord = {
  auditId: 'id-1',
  stage: 'ResponseComplete',
  request: {
    url: '/clusters/root/api/v1/namespaces/web/configmaps/a',
    headers: { 'user-agent': 'kubectl', authorization: 'Bearer secret' },
  },
  attributes: resourceAttributes(ann, 'root', 'update', {
    version: 'v1',
    resource: 'configmaps',
    namespace: 'web',
    name: 'a',
  }),
  user: ann,
  decision: { allowed: true, reason: 'RBAC: allowed by x' },
  status: 200,
  receivedAtMs: Date.parse('2026-11-21T00:00:00Z'),
  atMs: Date.parse('2026-11-21T00:00:01Z'),
}

function write(given: AuditRecord, levelOf = auditWrites): Record<string, unknown>[] {
  const lines: string[] = []
  createAuditLog({ levelOf, write: (line) => lines.push(line) })(given)
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('the audit log', () => {
  it('says who did what, where, with which decision, and never with which credentials', () => {
    expect(write(record)).toEqual([
      {
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level: 'Metadata',
        auditID: 'id-1',
        stage: 'ResponseComplete',
        requestURI: '/clusters/root/api/v1/namespaces/web/configmaps/a',
        verb: 'update',
        user: { username: 'ann', groups: ['dev'], extra: { k: ['v'] } },
        userAgent: 'kubectl',
        objectRef: { resource: 'configmaps', namespace: 'web', name: 'a', apiVersion: 'v1' },
        responseStatus: { metadata: {}, code: 200 },
        requestReceivedTimestamp: '2026-11-21T00:00:00.000000Z',
        stageTimestamp: '2026-11-21T00:00:01.000000Z',
        annotations: {
          'authorization.k8s.io/decision': 'allow',
          'authorization.k8s.io/reason': 'RBAC: allowed by x',
          'kcp.io/cluster': 'root',
        },
      },
    ])
    expect(JSON.stringify(write(record))).not.toContain('secret')
  })

  it('names both users of an impersonated request, and a denial', () => {
    const [event] = write({
      ...record,
      impersonated: { name: 'bob', groups: [] },
      decision: { allowed: false, reason: '' },
      status: 403,
    })
    expect(event).toMatchObject({
      user: { username: 'ann' },
      impersonatedUser: { username: 'bob' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    })
  })

  it('writes one line a record, whatever a client puts into it', () => {
    const lines: string[] = []
    const log = createAuditLog({ levelOf: () => 'Metadata', write: (line) => lines.push(line) })
    log({ ...record, request: { url: '/a\n{"kind":"Event"}', headers: { 'user-agent': 'x'.repeat(5_000) } } })
    expect(lines[0]).not.toContain('\n')
    expect(lines[0]?.length).toBeLessThan(2_500)
  })

  it('leaves out reads and chatter by its usual policy, and no refusal', () => {
    const get = resourceAttributes(ann, 'root', 'get', { resource: 'secrets' })
    const lease = resourceAttributes(ann, 'root', 'update', { group: 'coordination.k8s.io', resource: 'leases' })
    expect(write({ ...record, attributes: get })).toEqual([])
    expect(write({ ...record, attributes: lease })).toEqual([])
    expect(write({ ...record, attributes: get, status: 403 })).toHaveLength(1)
    expect(write({ ...record, attributes: undefined, user: undefined, status: 401 })).toHaveLength(1)
    expect(write({ ...record, attributes: pathAttributes(ann, 'root', 'post', '/x') })).toHaveLength(1)
  })
})

describe('an audit file', () => {
  it('is appended to, for its owner only, complete after close', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'audit-'))
    const path = join(folder, 'audit.log')
    for (const line of ['one', 'two']) {
      const file = await openAuditFile(path, silentLogger)
      file.write(line)
      await file.close()
      expect(file.dropped).toBe(0)
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    rmSync(folder, { recursive: true })
  })

  it('that cannot be opened is an error at once', async () => {
    await expect(openAuditFile('/nonexistent/audit.log', silentLogger)).rejects.toThrow('ENOENT')
  })

  it('drops and counts what the disk does not take', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'audit-'))
    const file = await openAuditFile(join(folder, 'audit.log'), silentLogger)
    const line = 'x'.repeat(1_000_000)
    for (let index = 0; index < 30; index++) file.write(line)
    expect(file.dropped).toBeGreaterThan(0)
    expect(file.dropped).toBeLessThan(30)
    await file.close()
    rmSync(folder, { recursive: true })
  })
})
