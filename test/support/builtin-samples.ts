import type { KubeObject } from '../../src/meta/object.ts'

/**
 * Objects of every built-in kind that can be created: the least that the API takes, and one or more that use what has
 * defaults or shows in tables. `status`, where given, is written through the status subresource afterwards.
 */
export interface BuiltinSample {
  readonly title: string
  readonly resource: string
  readonly object: KubeObject
  readonly status?: Record<string, unknown>
}

const podSpec = { containers: [{ name: 'main', image: 'nginx' }] }
const template = (labels: Record<string, string> = { app: 'web' }, spec: object = podSpec) => ({
  metadata: { labels },
  spec,
})
const selector = { matchLabels: { app: 'web' } }

const richContainer = {
  name: 'rich',
  image: 'registry.example:5000/team/app:v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP', name: 'dns' }],
  env: [
    { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'B', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
    { name: 'D' },
  ],
  envFrom: [{ configMapRef: { name: 'x' } }, { prefix: 'P_', secretRef: { name: 's' } }],
  resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: '0.1' } },
  livenessProbe: { httpGet: { port: 80 } },
  readinessProbe: { grpc: { port: 90 } },
  startupProbe: { tcpSocket: { port: 'dns' }, periodSeconds: 3 },
  lifecycle: { preStop: { httpGet: { port: 80 } }, postStart: { exec: { command: ['true'] } } },
  securityContext: { runAsUser: 1 },
  volumeMounts: [{ name: 'cm', mountPath: '/cm' }],
}

const richPodSpec = {
  serviceAccount: 'builder',
  hostNetwork: false,
  priorityClassName: '',
  initContainers: [
    { name: 'side', image: 'busybox:latest', restartPolicy: 'Always' },
    { name: 'init', image: 'busybox:1', resources: { limits: { cpu: '0.0001', memory: '10M' } } },
  ],
  containers: [richContainer, { name: 'digest', image: 'Not_A_Reference' }],
  volumes: [
    { name: 'none' },
    { name: 'cm', configMap: { name: 'c' } },
    { name: 'se', secret: { secretName: 's' } },
    {
      name: 'da',
      downwardAPI: {
        items: [
          { path: 'a', fieldRef: { fieldPath: 'metadata.labels' } },
          { path: 'b', resourceFieldRef: { containerName: 'rich', resource: 'limits.memory' } },
        ],
      },
    },
    {
      name: 'pr',
      projected: {
        sources: [
          { serviceAccountToken: { path: 't' } },
          { downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } },
          { configMap: { name: 'c' } },
        ],
      },
    },
    { name: 'hp', hostPath: { path: '/x' } },
    { name: 'is', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2015-02.example.com:test', lun: 0 } },
    { name: 'rb', rbd: { monitors: ['m'], image: 'i' } },
    { name: 'az', azureDisk: { diskName: 'd', diskURI: 'https://blob/x.vhd' } },
    { name: 'sc', scaleIO: { gateway: 'g', system: 's', volumeName: 'v', secretRef: { name: 'x' } } },
    {
      name: 'ep',
      ephemeral: {
        volumeClaimTemplate: {
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      },
    },
    { name: 'im', image: { reference: 'quay.io/x/y' } },
    { name: 'em', emptyDir: { sizeLimit: '1024Ki' } },
    { name: 'nf', nfs: { server: 's', path: '/p' } },
    { name: 'pv', persistentVolumeClaim: { claimName: 'c' } },
  ],
  tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { a: 'b' } } },
  ],
  readinessGates: [{ conditionType: 'example.com/ready' }],
}

function sample(
  resource: string,
  apiVersion: string,
  kind: string,
  title: string,
  fields: Record<string, unknown>,
  status?: Record<string, unknown>,
): BuiltinSample {
  const { metadata, ...rest } = fields
  const name = `${resource.replaceAll(/[^a-z]/g, '')}-${title.replaceAll(/[^a-z0-9]+/g, '-')}`
  const object: KubeObject = { apiVersion, kind, metadata: { name, ...(metadata as object) }, ...rest }
  return { title: `${apiVersion} ${kind}: ${title}`, resource, object, ...(status ? { status } : {}) }
}

const terminated = { exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:01:00Z' }
const containerStatus = (fields: object) => ({ image: 'i', imageID: '', restartCount: 0, ready: false, ...fields })
const condition = (type: string, status: string, reason = 'R') => ({ type, status, reason, message: 'm' })

const pods: readonly BuiltinSample[] = [
  sample('pods', 'v1', 'Pod', 'least', { spec: podSpec }),
  sample('pods', 'v1', 'Pod', 'rich', { spec: richPodSpec }),
  sample('pods', 'v1', 'Pod', 'host network', {
    spec: { hostNetwork: true, containers: [{ name: 'a', image: 'b:1', ports: [{ containerPort: 8080 }] }] },
  }),
  sample('pods', 'v1', 'Pod', 'guaranteed', {
    spec: {
      containers: [{ name: 'a', image: 'b', resources: { limits: { cpu: '1', memory: '1Gi' } } }],
      terminationGracePeriodSeconds: 0,
      enableServiceLinks: false,
    },
  }),
  sample('pods', 'v1', 'Pod', 'pod level resources', {
    spec: {
      resources: { limits: { cpu: '2', memory: '2Gi' } },
      containers: [
        { name: 'a', image: 'b', resources: { requests: { cpu: '500m' } } },
        { name: 'c', image: 'b', resources: { requests: { cpu: '250m' } } },
      ],
    },
  }),
  sample('pods', 'v1', 'Pod', 'gated', { spec: { ...podSpec, schedulingGates: [{ name: 'example.com/wait' }] } }),
  sample(
    'pods',
    'v1',
    'Pod',
    'running',
    { spec: { ...podSpec, nodeName: 'node-1', readinessGates: [{ conditionType: 'example.com/ready' }] } },
    {
      phase: 'Running',
      podIP: '10.1.2.3',
      podIPs: [{ ip: '10.1.2.3' }],
      conditions: [condition('Ready', 'True'), condition('example.com/ready', 'True')],
      containerStatuses: [
        containerStatus({
          name: 'main',
          ready: true,
          restartCount: 3,
          state: { running: { startedAt: '2026-01-01T00:02:00Z' } },
          lastState: { terminated: { ...terminated, reason: 'Error' } },
        }),
      ],
    },
  ),
  sample(
    'pods',
    'v1',
    'Pod',
    'crashing',
    { spec: podSpec },
    {
      phase: 'Running',
      containerStatuses: [containerStatus({ name: 'main', state: { waiting: { reason: 'CrashLoopBackOff' } } })],
    },
  ),
  sample(
    'pods',
    'v1',
    'Pod',
    'failed',
    { spec: { ...podSpec, restartPolicy: 'Never' } },
    {
      phase: 'Failed',
      containerStatuses: [containerStatus({ name: 'main', state: { terminated } })],
    },
  ),
  sample('pods', 'v1', 'Pod', 'evicted', { spec: podSpec }, { phase: 'Failed', reason: 'Evicted', message: 'm' }),
  sample(
    'pods',
    'v1',
    'Pod',
    'initializing',
    {
      spec: {
        initContainers: [
          { name: 'one', image: 'i' },
          { name: 'two', image: 'i', restartPolicy: 'Always' },
          { name: 'three', image: 'i' },
        ],
        containers: [{ name: 'main', image: 'i' }],
      },
    },
    {
      phase: 'Pending',
      initContainerStatuses: [
        containerStatus({ name: 'one', state: { terminated: { ...terminated, exitCode: 0, reason: 'Completed' } } }),
        containerStatus({ name: 'two', ready: true, started: true, restartCount: 2, state: { running: {} } }),
        containerStatus({ name: 'three', state: { waiting: { reason: 'PodInitializing' } } }),
      ],
    },
  ),
]

const workloads: readonly BuiltinSample[] = [
  sample('deployments', 'apps/v1', 'Deployment', 'least', { spec: { selector, template: template() } }),
  sample(
    'deployments',
    'apps/v1',
    'Deployment',
    'rich',
    {
      spec: {
        replicas: 0,
        selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'api'] }] },
        strategy: { rollingUpdate: { maxSurge: 1 } },
        template: template({ app: 'web' }, richPodSpec),
      },
    },
    { observedGeneration: 1, replicas: 3, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 },
  ),
  sample('deployments', 'apps/v1', 'Deployment', 'recreate', {
    spec: { strategy: { type: 'Recreate' }, selector, template: template() },
  }),
  sample(
    'replicasets',
    'apps/v1',
    'ReplicaSet',
    'least',
    { spec: { selector, template: template() } },
    {
      replicas: 2,
      readyReplicas: 1,
    },
  ),
  sample('statefulsets', 'apps/v1', 'StatefulSet', 'least', {
    spec: { selector, serviceName: 'x', template: template() },
  }),
  sample(
    'statefulsets',
    'apps/v1',
    'StatefulSet',
    'claims',
    {
      spec: {
        selector,
        serviceName: 'x',
        updateStrategy: { type: 'OnDelete' },
        template: template(),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
          },
        ],
      },
    },
    { replicas: 1, readyReplicas: 1, availableReplicas: 1 },
  ),
  sample('statefulsets', 'apps/v1', 'StatefulSet', 'rolling', {
    spec: {
      selector,
      serviceName: 'x',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: {} },
      template: template(),
    },
  }),
  sample('daemonsets', 'apps/v1', 'DaemonSet', 'least', { spec: { selector, template: template() } }),
  sample(
    'daemonsets',
    'apps/v1',
    'DaemonSet',
    'node selector',
    {
      spec: {
        selector,
        updateStrategy: { rollingUpdate: { maxUnavailable: '10%' } },
        template: template({ app: 'web' }, { ...podSpec, nodeSelector: { disk: 'ssd', arch: 'arm' } }),
      },
    },
    { currentNumberScheduled: 1, desiredNumberScheduled: 2, numberMisscheduled: 0, numberReady: 1 },
  ),
  sample('controllerrevisions', 'apps/v1', 'ControllerRevision', 'least', {
    metadata: {
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }],
    },
    revision: 3,
    data: { spec: {} },
  }),
  sample(
    'replicationcontrollers',
    'v1',
    'ReplicationController',
    'least',
    { spec: { template: template() } },
    {
      replicas: 1,
    },
  ),
  sample('podtemplates', 'v1', 'PodTemplate', 'least', { template: template() }),
  sample('jobs', 'batch/v1', 'Job', 'least', {
    spec: { template: template({}, { ...podSpec, restartPolicy: 'Never' }) },
  }),
  sample(
    'jobs',
    'batch/v1',
    'Job',
    'indexed',
    {
      spec: {
        completions: 5,
        parallelism: 2,
        completionMode: 'Indexed',
        backoffLimitPerIndex: 1,
        podFailurePolicy: {
          rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }],
        },
        template: template({ app: 'job' }, { ...podSpec, restartPolicy: 'Never' }),
      },
    },
    {
      startTime: '2026-01-01T00:00:00Z',
      active: 1,
      succeeded: 2,
      ready: 0,
      terminating: 0,
      completedIndexes: '0,1',
      uncountedTerminatedPods: {},
    },
  ),
  sample('jobs', 'batch/v1', 'Job', 'work queue', {
    spec: {
      parallelism: 3,
      suspend: true,
      template: template({ app: 'job' }, { ...podSpec, restartPolicy: 'OnFailure' }),
    },
  }),
  sample('cronjobs', 'batch/v1', 'CronJob', 'least', {
    spec: {
      schedule: '* * * * *',
      jobTemplate: { spec: { template: template({}, { ...podSpec, restartPolicy: 'Never' }) } },
    },
  }),
  sample(
    'cronjobs',
    'batch/v1',
    'CronJob',
    'rich',
    {
      spec: {
        schedule: '@daily',
        timeZone: 'Europe/Vienna',
        suspend: true,
        jobTemplate: {
          metadata: { labels: { a: 'b' } },
          spec: { template: template({}, { ...podSpec, restartPolicy: 'Never' }) },
        },
      },
    },
    {
      lastScheduleTime: '2026-01-01T00:00:00Z',
      active: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'x', namespace: 'default' }],
    },
  ),
  sample(
    'horizontalpodautoscalers',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'least',
    { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } } },
    {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '10m' } } },
      ],
      conditions: [
        { type: 'AbleToScale', status: 'True', reason: 'r', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    },
  ),
  sample('horizontalpodautoscalers', 'autoscaling/v2', 'HorizontalPodAutoscaler', 'many metrics', {
    spec: {
      minReplicas: 2,
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      metrics: [
        { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '10' } } },
        {
          type: 'Object',
          object: {
            metric: { name: 'm', selector: { matchLabels: { a: 'b' } } },
            describedObject: { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' },
            target: { type: 'Value', value: '2k' },
          },
        },
        { type: 'External', external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '30' } } },
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
        {
          type: 'ContainerResource',
          containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
    },
  }),
  sample('horizontalpodautoscalers', 'autoscaling/v1', 'HorizontalPodAutoscaler', 'v1 least', {
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
  }),
  sample('horizontalpodautoscalers', 'autoscaling/v1', 'HorizontalPodAutoscaler', 'v1 percentage', {
    metadata: { annotations: { keep: 'me' } },
    spec: {
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 55,
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
    },
  }),
  sample(
    'poddisruptionbudgets',
    'policy/v1',
    'PodDisruptionBudget',
    'percentage',
    { spec: { minAvailable: '50%', selector } },
    {
      disruptionsAllowed: 1,
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
    },
  ),
  sample('poddisruptionbudgets', 'policy/v1', 'PodDisruptionBudget', 'number', {
    spec: { maxUnavailable: 1, selector },
  }),
]

const services: readonly BuiltinSample[] = [
  sample('services', 'v1', 'Service', 'least', { spec: { ports: [{ port: 80 }] } }),
  sample('services', 'v1', 'Service', 'selector', {
    spec: {
      selector: { app: 'web', tier: 'a' },
      ports: [
        { port: 80, targetPort: 'http', name: 'a' },
        { port: 53, protocol: 'UDP', name: 'b' },
      ],
    },
  }),
  sample('services', 'v1', 'Service', 'headless', {
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] },
  }),
  sample('services', 'v1', 'Service', 'headless without selector', {
    spec: { clusterIP: 'None', ports: [{ port: 80 }] },
  }),
  sample('services', 'v1', 'Service', 'external name', { spec: { type: 'ExternalName', externalName: 'example.com' } }),
  sample('services', 'v1', 'Service', 'node port', {
    spec: {
      type: 'NodePort',
      sessionAffinity: 'ClientIP',
      ports: [
        { port: 80, name: 'a' },
        { port: 80, protocol: 'UDP', name: 'b' },
      ],
    },
  }),
  sample(
    'services',
    'v1',
    'Service',
    'load balancer',
    { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] } },
    { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'lb.example.com' }] } },
  ),
  sample('services', 'v1', 'Service', 'external addresses', {
    spec: { externalIPs: ['8.8.8.8'], ports: [{ port: 80 }] },
  }),
  sample('services', 'v1', 'Service', 'prefer dual stack', {
    spec: { ipFamilyPolicy: 'PreferDualStack', selector: { a: 'b' }, ports: [{ port: 80 }] },
  }),
  sample('endpoints', 'v1', 'Endpoints', 'least', {
    subsets: [
      {
        addresses: [{ ip: '10.1.1.1' }, { ip: '10.1.1.2' }],
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'b' },
        ],
      },
      { addresses: [{ ip: '10.1.1.3' }] },
    ],
  }),
  sample('endpoints', 'v1', 'Endpoints', 'empty', {}),
  sample('endpointslices', 'discovery.k8s.io/v1', 'EndpointSlice', 'least', { addressType: 'IPv4', endpoints: [] }),
  sample('endpointslices', 'discovery.k8s.io/v1', 'EndpointSlice', 'ports', {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.1.1'] }, { addresses: ['10.1.1.2'], conditions: { ready: true } }],
    ports: [{ port: 80 }, { name: 'x', port: 81, protocol: 'UDP' }, { name: 'y' }, { name: 'z', port: 83 }],
  }),
  sample('ingresses', 'networking.k8s.io/v1', 'Ingress', 'least', {
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  }),
  sample(
    'ingresses',
    'networking.k8s.io/v1',
    'Ingress',
    'hosts',
    {
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['a.example.com'], secretName: 's' }],
        rules: ['a', 'b', 'c', 'd', 'e'].map((host) => ({
          host: `${host}.example.com`,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { name: 'http' } } } }],
          },
        })),
      },
    },
    { loadBalancer: { ingress: [{ hostname: 'lb' }, { ip: '1.2.3.4' }] } },
  ),
  sample('ingressclasses', 'networking.k8s.io/v1', 'IngressClass', 'least', {
    metadata: { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'example.com/c' },
  }),
  sample('ingressclasses', 'networking.k8s.io/v1', 'IngressClass', 'parameters', {
    spec: { controller: 'example.com/c', parameters: { apiGroup: 'example.com', kind: 'K', name: 'n' } },
  }),
  sample('networkpolicies', 'networking.k8s.io/v1', 'NetworkPolicy', 'least', { spec: { podSelector: {} } }),
  sample('networkpolicies', 'networking.k8s.io/v1', 'NetworkPolicy', 'egress', {
    spec: {
      podSelector: { matchLabels: { b: 'c', a: 'b' } },
      ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }],
      egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }],
    },
  }),
  sample('servicecidrs', 'networking.k8s.io/v1', 'ServiceCIDR', 'least', { spec: { cidrs: ['192.168.0.0/24'] } }),
  sample('ipaddresses', 'networking.k8s.io/v1', 'IPAddress', 'least', {
    metadata: { name: '192.168.0.7' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } },
  }),
]

const core: readonly BuiltinSample[] = [
  sample('namespaces', 'v1', 'Namespace', 'least', {}),
  sample('configmaps', 'v1', 'ConfigMap', 'least', {}),
  sample('configmaps', 'v1', 'ConfigMap', 'rich', { data: { a: 'b' }, binaryData: { c: 'AAAA' }, immutable: true }),
  sample('secrets', 'v1', 'Secret', 'least', {}),
  sample('secrets', 'v1', 'Secret', 'string data', { stringData: { a: 'ü', b: '' }, data: { a: 'AAAA', c: 'AAAA' } }),
  sample('serviceaccounts', 'v1', 'ServiceAccount', 'least', {}),
  sample('serviceaccounts', 'v1', 'ServiceAccount', 'rich', {
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 's' }],
    secrets: [{ name: 't' }],
  }),
  sample('limitranges', 'v1', 'LimitRange', 'least', {
    spec: {
      limits: [
        { type: 'Container', max: { cpu: '1' }, min: { memory: '10Mi' }, default: { memory: '100M' } },
        { type: 'Pod', max: { cpu: '2' } },
      ],
    },
  }),
  sample(
    'resourcequotas',
    'v1',
    'ResourceQuota',
    'least',
    { spec: { hard: { pods: '10', 'limits.cpu': '1000m' } } },
    {
      hard: { pods: '10', 'limits.cpu': '1', 'requests.memory': '1Gi' },
      used: { pods: '3' },
    },
  ),
  sample('persistentvolumes', 'v1', 'PersistentVolume', 'least', {
    spec: {
      capacity: { storage: '1024Mi' },
      accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
      hostPath: { path: '/x' },
    },
  }),
  sample('persistentvolumes', 'v1', 'PersistentVolume', 'claimed', {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadOnlyMany'],
      storageClassName: 'fast',
      claimRef: { namespace: 'default', name: 'c' },
      rbd: { monitors: ['m'], image: 'i' },
    },
  }),
  sample('persistentvolumes', 'v1', 'PersistentVolume', 'azure', {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOncePod'],
      azureDisk: { diskName: 'd', diskURI: 'https://blob/x.vhd' },
    },
  }),
  sample('persistentvolumeclaims', 'v1', 'PersistentVolumeClaim', 'least', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }),
  sample(
    'persistentvolumeclaims',
    'v1',
    'PersistentVolumeClaim',
    'bound',
    {
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        volumeName: 'v',
        resources: { requests: { storage: '1Gi' } },
        dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' },
      },
    },
    { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' } },
  ),
  sample('nodes', 'v1', 'Node', 'least', {}),
  sample('nodes', 'v1', 'Node', 'ready', {
    metadata: { labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
    spec: { unschedulable: true },
    status: {
      capacity: { cpu: '4', memory: '1024Ki' },
      conditions: [condition('Ready', 'True')],
      addresses: [
        { type: 'InternalIP', address: '10.0.0.9' },
        { type: 'ExternalIP', address: '1.2.3.4' },
      ],
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        kernelVersion: '6.1',
        osImage: 'Debian',
        containerRuntimeVersion: 'containerd://2',
        kubeletVersion: 'v1.36.1',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'arm64',
      },
    },
  }),
  sample('events', 'v1', 'Event', 'core', {
    metadata: { namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default', fieldPath: 'spec.containers{a}' },
    reason: 'Started',
    message: 'Started it \n',
    type: 'Normal',
    source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-02T00:00:00Z',
    count: 7,
  }),
  sample('events', 'v1', 'Event', 'least', {
    metadata: { namespace: 'default' },
    involvedObject: { kind: 'Pod', namespace: 'default' },
  }),
  sample('events', 'events.k8s.io/v1', 'Event', 'new', {
    metadata: { namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.123456Z',
    reportingController: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Binding',
    reason: 'Scheduled',
    note: 'n',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    series: { count: 4, lastObservedTime: '2026-01-01T00:10:00.000000Z' },
  }),
]

/** `CN=tester, O=team`, a P-256 key that nobody has. */
const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIYk1JR0NBZ0VBTUNBeER6QU5CZ05WQkFNTUJuUmxjM1JsY2pFTk1Bc0dBMVVF' +
  'Q2d3RWRHVmhiVEJaTUJNRwpCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBQklwRGw2VmQ5V2s1czlGV0RqRW9iSW56YkNnWGVWVzZpVVI3Cis2' +
  'T3ZMVUF3U3plcTNCZ1I1YU1sWWhzeG1uWHVrVENBUFJ2QkpvbEM5UzV0aEgvdUd2dWdBREFLQmdncWhrak8KUFFRREFnTklBREJGQWlFQXc2YWh1' +
  'Q2ZnNmtoYm0rV0pPVExqUnJrY25sckVaQmpOcit4MllyMDZZaGtDSUI3TgppaklSRWxUdERWZmFjdDFPOFZLK2Rzdm4zbDA3dEVwb1g5aEx2S1ZN' +
  'Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo='

const clusterWide: readonly BuiltinSample[] = [
  sample('certificatesigningrequests', 'certificates.k8s.io/v1', 'CertificateSigningRequest', 'least', {
    spec: {
      request: certificateRequest,
      signerName: 'example.com/signer',
      usages: ['client auth'],
      username: 'not me',
    },
  }),
  sample('certificatesigningrequests', 'certificates.k8s.io/v1', 'CertificateSigningRequest', 'duration', {
    spec: {
      request: certificateRequest,
      signerName: 'example.com/signer',
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
  }),
  sample('roles', 'rbac.authorization.k8s.io/v1', 'Role', 'least', {}),
  sample('roles', 'rbac.authorization.k8s.io/v1', 'Role', 'rules', {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  sample('clusterroles', 'rbac.authorization.k8s.io/v1', 'ClusterRole', 'aggregated', {
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  }),
  sample('rolebindings', 'rbac.authorization.k8s.io/v1', 'RoleBinding', 'least', {
    roleRef: { kind: 'Role', name: 'r' },
    subjects: [
      { kind: 'User', name: 'u' },
      { kind: 'User', name: 'v' },
      { kind: 'Group', name: 'g' },
      { kind: 'ServiceAccount', name: 's', namespace: 'default' },
    ],
  }),
  sample('clusterrolebindings', 'rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'least', {
    roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' },
  }),
  sample('storageclasses', 'storage.k8s.io/v1', 'StorageClass', 'least', {
    metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.com/p',
  }),
  sample('volumeattributesclasses', 'storage.k8s.io/v1', 'VolumeAttributesClass', 'least', {
    driverName: 'example.com',
    parameters: { a: 'b' },
  }),
  sample('csidrivers', 'storage.k8s.io/v1', 'CSIDriver', 'least', {}),
  sample('csidrivers', 'storage.k8s.io/v1', 'CSIDriver', 'rich', {
    spec: {
      tokenRequests: [{ audience: 'a' }, { audience: 'b' }],
      volumeLifecycleModes: ['Ephemeral'],
      attachRequired: false,
    },
  }),
  sample('csinodes', 'storage.k8s.io/v1', 'CSINode', 'least', {
    spec: { drivers: [{ name: 'd.example.com', nodeID: 'n' }] },
  }),
  sample('csistoragecapacities', 'storage.k8s.io/v1', 'CSIStorageCapacity', 'least', {
    storageClassName: 's',
    capacity: '1024Mi',
  }),
  sample('volumeattachments', 'storage.k8s.io/v1', 'VolumeAttachment', 'least', {
    spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } },
  }),
  sample(
    'validatingwebhookconfigurations',
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'least',
    {
      webhooks: [
        {
          name: 'a.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { service: { namespace: 'n', name: 's' } },
          rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] }],
        },
      ],
    },
  ),
  sample('mutatingwebhookconfigurations', 'admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'least', {
    webhooks: [
      {
        name: 'a.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: 'https://localhost' },
        rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] }],
      },
    ],
  }),
  sample(
    'mutatingwebhookconfigurations',
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    'empty',
    {},
  ),
  sample('validatingadmissionpolicies', 'admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'least', {
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] },
        ],
      },
      validations: [{ expression: 'true' }],
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    },
  }),
  sample(
    'validatingadmissionpolicybindings',
    'admissionregistration.k8s.io/v1',
    'ValidatingAdmissionPolicyBinding',
    'least',
    {
      spec: {
        policyName: 'p',
        validationActions: ['Deny'],
        paramRef: { name: 'x', namespace: 'default', parameterNotFoundAction: 'Deny' },
        matchResources: { resourceRules: [] },
      },
    },
  ),
  sample('mutatingadmissionpolicies', 'admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', 'least', {
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] },
        ],
      },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
  }),
  sample(
    'mutatingadmissionpolicybindings',
    'admissionregistration.k8s.io/v1',
    'MutatingAdmissionPolicyBinding',
    'least',
    {
      spec: { policyName: 'p', paramRef: { selector: { matchLabels: { a: 'b' } }, parameterNotFoundAction: 'Allow' } },
    },
  ),
  sample('priorityclasses', 'scheduling.k8s.io/v1', 'PriorityClass', 'least', { value: 7 }),
  sample('leases', 'coordination.k8s.io/v1', 'Lease', 'least', {}),
  sample('leases', 'coordination.k8s.io/v1', 'Lease', 'held', {
    spec: { holderIdentity: 'me', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000001Z' },
  }),
  sample('runtimeclasses', 'node.k8s.io/v1', 'RuntimeClass', 'least', { handler: 'runc' }),
  sample('runtimeclasses', 'node.k8s.io/v1', 'RuntimeClass', 'overhead', {
    handler: 'kata',
    overhead: { podFixed: { cpu: '0.25' } },
    scheduling: { tolerations: [{ key: 'k' }] },
  }),
  sample('deviceclasses', 'resource.k8s.io/v1', 'DeviceClass', 'least', { spec: {} }),
  sample('resourceclaims', 'resource.k8s.io/v1', 'ResourceClaim', 'least', { spec: {} }),
  sample('resourceclaims', 'resource.k8s.io/v1', 'ResourceClaim', 'devices', {
    spec: {
      devices: {
        requests: [
          { name: 'a', exactly: { deviceClassName: 'c' } },
          { name: 'b', firstAvailable: [{ name: 'x', deviceClassName: 'c', allocationMode: 'All' }] },
        ],
      },
    },
  }),
  sample('resourceclaimtemplates', 'resource.k8s.io/v1', 'ResourceClaimTemplate', 'least', {
    spec: { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'c' } }] } } },
  }),
  sample('resourceslices', 'resource.k8s.io/v1', 'ResourceSlice', 'least', {
    spec: {
      driver: 'd.example.com',
      nodeName: 'n',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'x', attributes: { a: { string: 's' } }, capacity: { c: { value: '1024' } } }],
    },
  }),
  sample('flowschemas', 'flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', 'least', {
    spec: { priorityLevelConfiguration: { name: 'global-default' } },
  }),
  sample('prioritylevelconfigurations', 'flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', 'queue', {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } },
  }),
  sample('prioritylevelconfigurations', 'flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', 'reject', {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  }),
  sample('apiservices', 'apiregistration.k8s.io/v1', 'APIService', 'remote', {
    metadata: { name: 'v1.none.example.com' },
    spec: {
      group: 'none.example.com',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      insecureSkipTLSVerify: true,
      service: { namespace: 'default', name: 'nothing' },
    },
  }),
]

export const builtinSamples: readonly BuiltinSample[] = [...core, ...pods, ...workloads, ...services, ...clusterWide]
