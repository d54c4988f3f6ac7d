import { describe, expect, it } from 'vitest'
import { admit, type AdmissionRequest } from '../testing/admission-request.ts'
import { MemoryReader } from '../testing/memory-reader.ts'
import type { AdmissionPlugin } from './admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { createPriority } from './priority.ts'
import { createServiceAccountAdmission } from './service-account.ts'

type Spec = Record<string, unknown>

async function admitPod(plugin: AdmissionPlugin, spec: Spec, more: AdmissionRequest = {}): Promise<Spec> {
  const object = { metadata: { name: 'x' }, spec }
  await admit(plugin, { resource: 'pods', object, ...more })
  return object.spec
}

function setUp() {
  const reader = new MemoryReader()
  const priorityClass = (name: string, fields: object) =>
    reader.put(
      { logicalCluster: 'one', group: 'scheduling.k8s.io', resource: 'priorityclasses', namespace: '', name },
      { metadata: { name }, ...fields },
    )
  const account = (name: string, fields: object = {}) =>
    reader.put(
      { logicalCluster: 'one', group: '', resource: 'serviceaccounts', namespace: 'web', name },
      { metadata: { name }, ...fields },
    )
  account('default')
  return {
    priorityClass,
    account,
    priority: createPriority(reader),
    serviceAccount: createServiceAccountAdmission(reader, () => 'abcde'),
  }
}

const toleration = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })

const containers = () => [{ name: 'c' }]

describe('DefaultTolerationSeconds', () => {
  it('adds what is missing, once', async () => {
    const spec = await admitPod(defaultTolerationSeconds, { tolerations: [{ key: 'a' }] })
    const expected = [
      { key: 'a' },
      toleration('node.kubernetes.io/not-ready'),
      toleration('node.kubernetes.io/unreachable'),
    ]
    expect(spec['tolerations']).toEqual(expected)
    expect((await admitPod(defaultTolerationSeconds, spec))['tolerations']).toEqual(expected)
  })

  it('leaves a pod that tolerates everything alone', async () => {
    expect(
      (await admitPod(defaultTolerationSeconds, { tolerations: [{ operator: 'Exists' }] }))['tolerations'],
    ).toEqual([{ operator: 'Exists' }])
  })
})

describe('Priority', () => {
  it('is zero without classes, and that of the default class where there is one', async () => {
    const { priority, priorityClass } = setUp()
    expect(await admitPod(priority, {})).toEqual({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' })
    priorityClass('high', { value: 9, globalDefault: true, preemptionPolicy: 'Never' })
    priorityClass('low', { value: 3, globalDefault: true, preemptionPolicy: 'Never' })
    expect(await admitPod(priority, {})).toEqual({ priorityClassName: 'low', priority: 3, preemptionPolicy: 'Never' })
  })

  it('is that of the named class, again and again', async () => {
    const { priority, priorityClass } = setUp()
    priorityClass('high', { value: 9, preemptionPolicy: 'PreemptLowerPriority' })
    const spec = await admitPod(priority, { priorityClassName: 'high' })
    expect(spec).toEqual({ priorityClassName: 'high', priority: 9, preemptionPolicy: 'PreemptLowerPriority' })
    expect(await admitPod(priority, spec)).toEqual(spec)
  })

  it.each([
    [{ priorityClassName: 'none' }, 'pods "x" is forbidden: no PriorityClass with name none was found'],
    [
      { priority: 7 },
      'the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    ],
    [
      { preemptionPolicy: 'Never' },
      'the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority',
    ],
  ])('refuses %j', async (spec, message) => {
    await expect(admitPod(setUp().priority, spec)).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(message) as string,
    })
  })

  it('stays on an update that leaves it out', async () => {
    const oldObject = { metadata: { name: 'x' }, spec: { priority: 9, preemptionPolicy: 'Never' } }
    expect(await admitPod(setUp().priority, {}, { oldObject })).toEqual({ priority: 9, preemptionPolicy: 'Never' })
  })

  it('has one default class', async () => {
    const { priority, priorityClass } = setUp()
    const write = (name: string, oldObject?: AdmissionRequest['oldObject']) =>
      admit(priority, {
        group: 'scheduling.k8s.io',
        resource: 'priorityclasses',
        namespace: '',
        object: { metadata: { name }, globalDefault: true },
        oldObject,
      })
    await expect(write('a')).resolves.toBeDefined()
    priorityClass('a', { value: 1, globalDefault: true })
    await expect(write('a', { metadata: { name: 'a' } })).resolves.toBeDefined()
    await expect(write('b')).rejects.toMatchObject({
      code: 403,
      message:
        'priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. Only one default can exist',
    })
  })
})

describe('ServiceAccount', () => {
  it('is the default one, with its token in every container', async () => {
    const { serviceAccount } = setUp()
    const spec = await admitPod(serviceAccount, {
      initContainers: [{ name: 'i' }],
      containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    })
    const mount = {
      mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      name: 'kube-api-access-abcde',
      readOnly: true,
    }
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      initContainers: [{ name: 'i', volumeMounts: [mount] }],
      containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v' }, mount] }],
      volumes: [
        {
          name: 'kube-api-access-abcde',
          projected: {
            defaultMode: 420,
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, {}, {}],
          },
        },
      ],
    })
    const again = structuredClone(spec)
    expect(await admitPod(serviceAccount, again)).toEqual(spec)
  })

  it('is asked whether it wants its token mounted, the pod first', async () => {
    const { serviceAccount, account } = setUp()
    account('quiet', { automountServiceAccountToken: false })
    expect(
      await admitPod(serviceAccount, { serviceAccountName: 'quiet', containers: containers() }),
    ).not.toHaveProperty('volumes')
    expect(
      await admitPod(serviceAccount, {
        serviceAccountName: 'quiet',
        automountServiceAccountToken: true,
        containers: containers(),
      }),
    ).toHaveProperty('volumes')
    expect(
      await admitPod(serviceAccount, { automountServiceAccountToken: false, containers: containers() }),
    ).not.toHaveProperty('volumes')
  })

  it('brings its pull secrets, unless the pod has some', async () => {
    const { serviceAccount, account } = setUp()
    account('puller', { imagePullSecrets: [{ name: 'a' }] })
    expect(await admitPod(serviceAccount, { serviceAccountName: 'puller' })).toMatchObject({
      imagePullSecrets: [{ name: 'a' }],
    })
    expect(
      await admitPod(serviceAccount, { serviceAccountName: 'puller', imagePullSecrets: [{ name: 'b' }] }),
    ).toMatchObject({ imagePullSecrets: [{ name: 'b' }] })
  })

  it('must exist', async () => {
    await expect(admitPod(setUp().serviceAccount, { serviceAccountName: 'none' })).rejects.toMatchObject({
      code: 403,
      message: 'pods "x" is forbidden: error looking up service account web/none: serviceaccount "none" not found',
    })
  })
})
