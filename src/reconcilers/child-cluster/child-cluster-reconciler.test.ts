import { describe, expect, it } from 'vitest'
import type { ChildCluster } from '../../meta/fleet/child-cluster.ts'
import type { AgentReport } from '../../meta/fleet/delivery.ts'
import { type ChildClusterSteps, createChildClusterReconciler } from './child-cluster-reconciler.ts'

const nowMs = Date.parse('2026-11-21T00:00:00Z')
const receivedTime = '2026-11-20T23:59:55Z'
const behind = { seenIncarnation: 1, seenRevision: 900, hubIncarnation: 1, hubRevision: 400 }

/** A hub in memory with one child cluster. */
function startHub(change: { spec?: Partial<ChildCluster['spec']>; report?: Partial<AgentReport> } = {}) {
  const hub = {
    childCluster: { metadata: { name: 'east', uid: 'u1' }, spec: { mode: 'agent', ...change.spec } } as ChildCluster,
    report: {
      metadata: { name: 'report' },
      spec: { hubId: 'hub', incarnation: 1 },
      status: { receivedTime },
      ...change.report,
    } as AgentReport,
    passed: [] as number[],
  }
  const steps: ChildClusterSteps = {
    getChildCluster: async () => hub.childCluster,
    getReport: async () => hub.report,
    updateReport: async (_, report) => void (hub.report = report),
    updateStatus: async (_, childCluster) => void (hub.childCluster = childCluster),
    update: async (_, childCluster) => void (hub.childCluster = childCluster),
    deleteLogicalCluster: async () => {},
    deliveryCounts: async () => ({ total: 0, applied: 0, failed: 0, removing: 0 }),
    passRevision: async (revision) => void hub.passed.push(revision),
    hub: () => ({ id: 'hub', incarnation: 1 }),
    now: () => nowMs,
  }
  const reconcile = createChildClusterReconciler(steps)
  const condition = (type: string) => hub.childCluster.status?.conditions?.find((one) => one.type === type)
  return Object.assign(hub, {
    condition,
    run: () => reconcile({ logicalCluster: 'root', namespace: '', name: 'east' }, new AbortController().signal),
  })
}

describe('the status of a child cluster', () => {
  it('is Ready while its heartbeat is heard', async () => {
    const hub = startHub()
    await hub.run()
    expect(hub.condition('Ready')?.status).toBe('True')
    expect(hub.condition('Forked')?.status).toBe('False')
    expect(hub.childCluster.status?.incarnation).toBe(1)
    hub.report = { ...hub.report, status: { receivedTime: '2026-11-20T23:59:00Z' } }
    await hub.run()
    expect(hub.condition('Ready')?.status).toBe('False')
    expect(hub.condition('Reachable')?.status).toBe('Unknown')
    expect(hub.condition('Ready')?.message).toBe('last heartbeat: 2026-11-20T23:59:00Z')
  })

  it('goes by the agent’s time where a stored report has no other', async () => {
    const hub = startHub({ report: { status: { heartbeatTime: '2026-11-20T23:59:00Z' } } })
    await hub.run()
    expect(hub.condition('Joined')?.status).toBe('True')
    expect(hub.condition('Ready')?.message).toBe('last heartbeat: 2026-11-20T23:59:00Z')
  })

  it('says until when the credentials of the connection are good', async () => {
    const hub = startHub()
    await hub.run()
    expect(hub.condition('CertificateValid')).toMatchObject({ status: 'Unknown', reason: 'NotReported' })
    hub.report = { ...hub.report, status: { receivedTime, credentialsExpire: '2026-12-01T00:00:00Z' } }
    await hub.run()
    expect(hub.condition('CertificateValid')).toMatchObject({ status: 'True', reason: 'Valid' })
    hub.report = { ...hub.report, status: { receivedTime, credentialsExpire: '2026-11-01T00:00:00Z' } }
    await hub.run()
    expect(hub.condition('CertificateValid')).toMatchObject({ status: 'False', reason: 'Expired' })
  })
})

describe('a hub that is behind what a child has seen', () => {
  const forked = () => startHub({ report: { status: { receivedTime, forked: behind } } })

  it('takes the next incarnation once, passes the revision, and says what it waits for', async () => {
    const hub = forked()
    await hub.run()
    await hub.run()
    expect(hub.report.spec).toEqual({ hubId: 'hub', incarnation: 2 })
    expect(hub.passed).toEqual([900])
    expect(hub.condition('Ready')).toMatchObject({ status: 'False', reason: 'Forked' })
    expect(hub.condition('Forked')?.message).toContain('until spec.confirmedIncarnation is 2')
    expect(hub.childCluster.status?.incarnation).toBe(2)
  })

  it('passes on a confirmation of this incarnation only', async () => {
    const hub = forked()
    hub.childCluster.spec.confirmedIncarnation = 99
    await hub.run()
    expect(hub.report.spec?.confirmedIncarnation).toBeUndefined()
    hub.childCluster = { ...hub.childCluster, spec: { mode: 'agent', confirmedIncarnation: 2 } }
    await hub.run()
    expect(hub.report.spec?.confirmedIncarnation).toBe(2)
  })

  it('waits while the child repeats that it waits, and takes another one when it falls behind again', async () => {
    const hub = forked()
    await hub.run()
    hub.report = { ...hub.report, status: { receivedTime, forked: { ...behind, hubIncarnation: 2 } } }
    await hub.run()
    expect(hub.report.spec?.incarnation).toBe(2)
    hub.report = {
      ...hub.report,
      status: { receivedTime, forked: { ...behind, seenIncarnation: 2, hubIncarnation: 2 } },
    }
    await hub.run()
    expect(hub.report.spec?.incarnation).toBe(3)
  })

  it('goes above an incarnation that only the child remembers', async () => {
    const hub = startHub({ report: { status: { receivedTime, forked: { ...behind, seenIncarnation: 7 } } } })
    await hub.run()
    expect(hub.report.spec?.incarnation).toBe(8)
  })

  it('goes above an incarnation that another copy of this hub has taken', async () => {
    const hub = startHub({ report: { status: { receivedTime, forked: { ...behind, hubIncarnation: 2 } } } })
    await hub.run()
    expect(hub.report.spec?.incarnation).toBe(3)
  })

  it('takes none that is no number any more', async () => {
    const seenIncarnation = Number.MAX_SAFE_INTEGER
    const hub = startHub({ report: { status: { receivedTime, forked: { ...behind, seenIncarnation } } } })
    await hub.run()
    expect(hub.report.spec?.incarnation).toBe(1)
  })
})
