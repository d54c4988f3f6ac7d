/** One way to get an object wrong: values to set in a sample, by path; undefined removes. */
export interface Mistake {
  /** The end of the sample's title. */
  readonly sample: string
  readonly title: string
  readonly set: Readonly<Record<string, unknown>>
  /** Of an update: what is different about the object that stands there. */
  readonly first?: Readonly<Record<string, unknown>>
  /** Not a mistake: the server takes it, and so must we. */
  readonly accepted?: true
}

const container = 'spec.template.spec.containers[0]'
const long = 'x'.repeat(64)

const configuration: readonly Mistake[] = [
  { sample: 'Namespace: least', title: 'a bad name', set: { 'metadata.name': 'A_b' } },
  { sample: 'Namespace: least', title: 'a dotted name', set: { 'metadata.name': 'a.b' } },
  {
    sample: 'Namespace: least',
    title: 'a bad finalizer',
    set: { 'spec.finalizers': ['nope', 'example.com/ok', 'a b'] },
  },
  { sample: 'Namespace: least', title: 'a bad label', set: { 'metadata.labels': { 'a b': 'c', d: 'e f' } } },
  { sample: 'ConfigMap: least', title: 'a bad key', set: { data: { 'a b': '', '..': '', [long]: '' } } },
  { sample: 'ConfigMap: least', title: 'a key in both maps', set: { data: { a: 'b' }, binaryData: { a: 'AAAA' } } },
  { sample: 'ConfigMap: least', title: 'too much data', set: { data: { a: 'ü'.repeat(600_000) } } },
  { sample: 'Secret: least', title: 'a bad key', set: { data: { 'a/b': 'AAAA' } } },
  { sample: 'Secret: least', title: 'too much data', set: { data: { a: 'AAAA'.repeat(360_000) } } },
  { sample: 'Secret: least', title: 'no account', set: { type: 'kubernetes.io/service-account-token' } },
  { sample: 'Secret: least', title: 'no docker config', set: { type: 'kubernetes.io/dockerconfigjson' } },
  {
    sample: 'Secret: least',
    title: 'a malformed docker config',
    set: { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'nope' } },
  },
  {
    sample: 'Secret: least',
    title: 'a docker config of the wrong type',
    set: { type: 'kubernetes.io/dockercfg', stringData: { '.dockercfg': '[]' } },
  },
  { sample: 'Secret: least', title: 'no user', set: { type: 'kubernetes.io/basic-auth' } },
  { sample: 'Secret: least', title: 'no key', set: { type: 'kubernetes.io/ssh-auth' } },
  { sample: 'Secret: least', title: 'no certificate', set: { type: 'kubernetes.io/tls' } },
  { sample: 'ServiceAccount: least', title: 'a bad name', set: { 'metadata.name': 'A' } },
]

const services: readonly Mistake[] = [
  { sample: 'Service: least', title: 'no ports', set: { spec: {} } },
  { sample: 'Service: least', title: 'a bad name', set: { 'metadata.name': 'a.b' } },
  {
    sample: 'Service: least',
    title: 'a name that begins with a digit, which is no mistake',
    set: { 'metadata.name': '1a' },
    accepted: true,
  },
  { sample: 'Service: least', title: 'a bad type', set: { 'spec.type': 'Nope' } },
  { sample: 'Service: least', title: 'a bad port', set: { 'spec.ports': [{ port: 70_000, protocol: 'ICMP' }] } },
  {
    sample: 'Service: least',
    title: 'a bad target',
    set: { 'spec.ports': [{ port: 80, targetPort: 'UPPER_case-too-long-name' }] },
  },
  { sample: 'Service: least', title: 'nameless ports', set: { 'spec.ports': [{ port: 80 }, { port: 81 }] } },
  {
    sample: 'Service: least',
    title: 'ports of one name',
    set: {
      'spec.ports': [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' },
        { port: 82, name: 'B' },
      ],
    },
  },
  {
    sample: 'Service: least',
    title: 'one port twice',
    set: {
      'spec.ports': [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
      ],
    },
  },
  { sample: 'Service: least', title: 'a node port', set: { 'spec.ports': [{ port: 80, nodePort: 30_000 }] } },
  { sample: 'Service: least', title: 'a bad selector', set: { 'spec.selector': { 'a b': 'c d' } } },
  { sample: 'Service: least', title: 'a bad affinity', set: { 'spec.sessionAffinity': 'Nope' } },
  {
    sample: 'Service: least',
    title: 'an affinity that lasts too long',
    set: {
      'spec.sessionAffinity': 'ClientIP',
      'spec.sessionAffinityConfig': { clientIP: { timeoutSeconds: 100_000 } },
    },
  },
  {
    sample: 'Service: least',
    title: 'a bad external address',
    set: { 'spec.externalIPs': ['nope', '127.0.0.1', '0.0.0.0', '169.254.1.1'] },
  },
  { sample: 'Service: least', title: 'source ranges', set: { 'spec.loadBalancerSourceRanges': ['10.0.0.0/8'] } },
  { sample: 'Service: least', title: 'a load balancer class', set: { 'spec.loadBalancerClass': 'a/b' } },
  {
    sample: 'Service: least',
    title: 'an allocation of node ports',
    set: { 'spec.allocateLoadBalancerNodePorts': true },
  },
  { sample: 'Service: least', title: 'an external policy', set: { 'spec.externalTrafficPolicy': 'Local' } },
  { sample: 'Service: least', title: 'an internal policy', set: { 'spec.internalTrafficPolicy': 'Nope' } },
  { sample: 'Service: least', title: 'a distribution', set: { 'spec.trafficDistribution': 'Nope' } },
  { sample: 'Service: least', title: 'a health check port', set: { 'spec.healthCheckNodePort': 30_000 } },
  { sample: 'Service: external name', title: 'no name', set: { 'spec.externalName': '' } },
  { sample: 'Service: external name', title: 'a bad name', set: { 'spec.externalName': 'a_b' } },
  {
    sample: 'Service: external name',
    title: 'families',
    set: { 'spec.ipFamilies': ['IPv4'], 'spec.ipFamilyPolicy': 'SingleStack' },
  },
  { sample: 'Service: node port', title: 'no address', set: { 'spec.clusterIP': 'None' } },
  { sample: 'Service: load balancer', title: 'a bad class', set: { 'spec.loadBalancerClass': 'a b' } },
  { sample: 'Service: load balancer', title: 'a bad policy', set: { 'spec.externalTrafficPolicy': 'Nope' } },
]

const rbac: readonly Mistake[] = [
  { sample: 'Role: rules', title: 'a bad name', set: { 'metadata.name': 'a%b' } },
  { sample: 'Role: rules', title: 'a rule without anything', set: { rules: [{ verbs: [] }] } },
  {
    sample: 'Role: rules',
    title: 'paths',
    set: { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'] }] },
  },
  {
    sample: 'ClusterRole: aggregated',
    title: 'paths and resources',
    set: { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'] }] },
  },
  { sample: 'ClusterRole: aggregated', title: 'no selectors', set: { aggregationRule: { clusterRoleSelectors: [] } } },
  {
    sample: 'ClusterRole: aggregated',
    title: 'a bad selector',
    set: { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'a b': 'c' } }] } },
  },
  { sample: 'RoleBinding: least', title: 'no role', set: { roleRef: {} } },
  { sample: 'RoleBinding: least', title: 'a bad role', set: { roleRef: { kind: 'X', name: 'a/b', apiGroup: 'y' } } },
  {
    sample: 'RoleBinding: least',
    title: 'bad subjects',
    set: {
      subjects: [
        { kind: 'User' },
        { kind: 'Group', name: 'g', apiGroup: 'x' },
        { kind: 'ServiceAccount', name: 'A', apiGroup: 'x' },
        { kind: 'Robot', name: 'r' },
      ],
    },
  },
  { sample: 'ClusterRoleBinding: least', title: 'a namespaced role', set: { roleRef: { kind: 'Role', name: 'x' } } },
  {
    sample: 'ClusterRoleBinding: least',
    title: 'an account without namespace',
    set: { subjects: [{ kind: 'ServiceAccount', name: 'a' }] },
  },
]

const deployments: readonly Mistake[] = [
  { sample: 'Deployment: least', title: 'no selector', set: { 'spec.selector': undefined } },
  { sample: 'Deployment: least', title: 'an empty selector', set: { 'spec.selector': {} } },
  { sample: 'Deployment: least', title: 'another selector', set: { 'spec.selector': { matchLabels: { a: 'b' } } } },
  {
    sample: 'Deployment: least',
    title: 'a malformed selector',
    set: { 'spec.selector': { matchExpressions: [{ key: 'app', operator: 'Nope' }] } },
  },
  {
    sample: 'Deployment: least',
    title: 'negative numbers',
    set: { 'spec.replicas': -1, 'spec.minReadySeconds': -1, 'spec.revisionHistoryLimit': -1 },
  },
  {
    sample: 'Deployment: least',
    title: 'a short deadline',
    set: { 'spec.progressDeadlineSeconds': 5, 'spec.minReadySeconds': 5 },
  },
  {
    sample: 'Deployment: least',
    title: 'a bad surge',
    set: { 'spec.strategy': { rollingUpdate: { maxSurge: 'x', maxUnavailable: '101%' } } },
  },
  {
    sample: 'Deployment: least',
    title: 'no room to roll',
    set: { 'spec.strategy': { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } },
  },
  {
    sample: 'Deployment: recreate',
    title: 'a rolling update',
    set: { 'spec.strategy.rollingUpdate': { maxSurge: 1 } },
  },
  { sample: 'Deployment: least', title: 'no containers', set: { 'spec.template.spec.containers': [] } },
  {
    sample: 'Deployment: least',
    title: 'a bad template label',
    set: { 'spec.template.metadata.labels': { app: 'web', x: 'y z' } },
  },
  { sample: 'Deployment: least', title: 'a nameless container', set: { [container]: { image: 'x' } } },
  {
    sample: 'Deployment: least',
    title: 'a bad container',
    set: { [container]: { name: 'A', imagePullPolicy: 'X', terminationMessagePolicy: 'Y' } },
  },
  {
    sample: 'Deployment: least',
    title: 'containers of one name',
    set: {
      'spec.template.spec.containers': [
        { name: 'a', image: 'x' },
        { name: 'a', image: 'x' },
      ],
      'spec.template.spec.initContainers': [{ name: 'a', image: 'x', livenessProbe: { exec: { command: ['x'] } } }],
    },
  },
  {
    sample: 'Deployment: least',
    title: 'bad ports',
    set: {
      [`${container}.ports`]: [
        { containerPort: 0 },
        { containerPort: 70_000, name: 'UPPER' },
        { containerPort: 1, protocol: 'X', hostPort: -1 },
        { containerPort: 2, name: 'a', hostPort: 5 },
        { containerPort: 3, name: 'a', hostPort: 5 },
      ],
    },
  },
  {
    sample: 'Deployment: least',
    title: 'a bad environment',
    set: {
      [`${container}.env`]: [
        { name: '' },
        { name: 'a=b' },
        { name: 'A', valueFrom: {} },
        { name: 'B', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'C', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } },
        { name: 'D', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } },
        { name: 'E', valueFrom: { resourceFieldRef: { resource: 'limits.nope' } } },
        { name: 'F', valueFrom: { configMapKeyRef: { name: 'A', key: 'a b' }, secretKeyRef: { name: 'a', key: '' } } },
        { name: 'G', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a b']" } } },
      ],
      [`${container}.envFrom`]: [{}, { configMapRef: { name: '' }, secretRef: { name: 'B' } }],
    },
  },
  {
    sample: 'Deployment: least',
    title: 'bad mounts',
    set: {
      'spec.template.spec.volumes': [{ name: 'v', emptyDir: {} }],
      [`${container}.volumeMounts`]: [
        { name: 'v', mountPath: '/a', subPath: '/x', subPathExpr: '../y' },
        { name: 'v', mountPath: '/a', subPath: 'b' },
        { name: 'w', mountPath: '', mountPropagation: 'Bidirectional' },
      ],
    },
  },
  {
    sample: 'Deployment: least',
    title: 'bad resources',
    set: {
      [`${container}.resources`]: {
        limits: { cpu: '1', nope: '1', 'example.com/gpu': '1500m', memory: '-1' },
        requests: { cpu: '2', pods: '1', 'example.com/gpu': '1' },
      },
    },
  },
  {
    sample: 'Deployment: least',
    title: 'bad probes',
    set: {
      [`${container}.livenessProbe`]: { successThreshold: 2, periodSeconds: -1 },
      [`${container}.readinessProbe`]: {
        httpGet: { port: 'BAD', scheme: 'X', httpHeaders: [{ name: 'a b', value: '' }] },
        terminationGracePeriodSeconds: 5,
      },
      [`${container}.startupProbe`]: { grpc: { port: 0 }, terminationGracePeriodSeconds: 0 },
      [`${container}.lifecycle`]: { preStop: {}, postStart: { tcpSocket: { port: 70_000 } } },
    },
  },
  {
    sample: 'Deployment: least',
    title: 'bad volumes',
    set: {
      'spec.template.spec.volumes': [
        { name: '' },
        { name: 'A' },
        { name: 'b', emptyDir: {} },
        { name: 'b', emptyDir: {} },
        { name: 'c', configMap: {}, secret: {} },
        { name: 'd', hostPath: { path: '/a/../b', type: 'X' } },
        { name: 'e', persistentVolumeClaim: { claimName: '' } },
        { name: 'f', nfs: { server: '', path: 'x' } },
        {
          name: 'g',
          configMap: {
            name: 'c',
            defaultMode: 1000,
            items: [
              { key: '', path: '/x' },
              { key: 'a', path: '..b' },
            ],
          },
        },
        { name: 'h', downwardAPI: { items: [{ path: 'x' }, { path: '', fieldRef: { fieldPath: 'status.podIP' } }] } },
        {
          name: 'i',
          projected: {
            sources: [{ serviceAccountToken: { path: '', expirationSeconds: 1 } }, { secret: {}, configMap: {} }],
          },
        },
        { name: 'j', emptyDir: { sizeLimit: '-1' } },
      ],
    },
  },
  {
    sample: 'Deployment: least',
    title: 'a bad pod spec',
    set: {
      'spec.template.spec.restartPolicy': 'Never',
      'spec.template.spec.dnsPolicy': 'X',
      'spec.template.spec.activeDeadlineSeconds': 0,
      'spec.template.spec.nodeSelector': { 'a b': 'c' },
      'spec.template.spec.serviceAccountName': 'A',
      'spec.template.spec.nodeName': 'B_',
      'spec.template.spec.hostname': 'C',
      'spec.template.spec.subdomain': 'd.e',
      'spec.template.spec.priorityClassName': 'F',
      'spec.template.spec.runtimeClassName': 'G',
    },
  },
  {
    sample: 'Deployment: least',
    title: 'bad tolerations',
    set: {
      'spec.template.spec.tolerations': [
        { key: 'a b', operator: 'Exists', value: 'x' },
        { operator: 'Equal' },
        { key: 'a', operator: 'X', effect: 'Y' },
        { key: 'a', tolerationSeconds: 5 },
        { key: 'a', value: 'b c' },
      ],
    },
  },
  {
    sample: 'Deployment: least',
    title: 'other ports on the host network',
    set: { 'spec.template.spec.hostNetwork': true, [`${container}.ports`]: [{ containerPort: 1, hostPort: 2 }] },
  },
  {
    sample: 'Deployment: least',
    title: 'a variable twice, which is no mistake',
    set: { [`${container}.env`]: [{ name: 'A' }, { name: 'A' }] },
    accepted: true,
  },
]

const others: readonly Mistake[] = [
  { sample: 'Job: least', title: 'pods that run forever', set: { 'spec.template.spec.restartPolicy': 'Always' } },
  {
    sample: 'Job: least',
    title: 'negative numbers',
    set: { 'spec.parallelism': -1, 'spec.ttlSecondsAfterFinished': -1 },
  },
  {
    sample: 'Job: least',
    title: 'indexes without completions',
    set: { 'spec.completionMode': 'Indexed', 'spec.parallelism': 1 },
  },
  { sample: 'Job: least', title: 'limits of indexes', set: { 'spec.backoffLimitPerIndex': 1 } },
  { sample: 'CronJob: least', title: 'no schedule', set: { 'spec.schedule': '' } },
  {
    sample: 'CronJob: least',
    title: 'pods that run forever',
    set: { 'spec.jobTemplate.spec.template.spec.restartPolicy': 'Always', 'spec.failedJobsHistoryLimit': -1 },
  },
  { sample: 'Pod: least', title: 'no containers', set: { spec: {} } },
  { sample: 'Pod: least', title: 'a bad name', set: { 'metadata.name': 'a_b' } },
  {
    sample: 'Pod: host network',
    title: 'another host port',
    set: { 'spec.containers[0].ports': [{ containerPort: 1, hostPort: 2 }] },
  },
  { sample: 'DaemonSet: least', title: 'another selector', set: { 'spec.selector': { matchLabels: { a: 'b' } } } },
  { sample: 'StatefulSet: least', title: 'another selector', set: { 'spec.selector': { matchLabels: { a: 'b' } } } },
  { sample: 'StatefulSet: least', title: 'a dotted name', set: { 'metadata.name': 'a.b' } },
  { sample: 'ReplicaSet: least', title: 'negative replicas', set: { 'spec.replicas': -1 } },
  { sample: 'StorageClass: least', title: 'an unknown binding mode', set: { volumeBindingMode: 'X' } },
]

export const creationMistakes: readonly Mistake[] = [...configuration, ...services, ...rbac, ...deployments, ...others]

export const updateMistakes: readonly Mistake[] = [
  { sample: 'ConfigMap: rich', title: 'other data', set: { data: { a: 'c' }, binaryData: { c: 'BBBB' } } },
  { sample: 'ConfigMap: rich', title: 'its seal taken off', set: { immutable: false } },
  {
    sample: 'ConfigMap: rich',
    title: 'a label, which is no mistake',
    set: { 'metadata.labels': { a: 'b' } },
    accepted: true,
  },
  { sample: 'Secret: least', title: 'another type', set: { type: 'example.com/x' } },
  {
    sample: 'Secret: least',
    title: 'other data',
    first: { immutable: true, data: { a: 'AAAA' } },
    set: { data: { a: 'BBBB' } },
  },
  { sample: 'RoleBinding: least', title: 'another role', set: { 'roleRef.name': 'other' } },
  { sample: 'ClusterRoleBinding: least', title: 'another role', set: { 'roleRef.name': 'edit' } },
  {
    sample: 'Deployment: least',
    title: 'another selector',
    set: { 'spec.selector': { matchLabels: { a: 'b' } }, 'spec.template.metadata.labels': { a: 'b' } },
  },
  {
    sample: 'Deployment: least',
    title: 'another image, which is no mistake',
    set: { [`${container}.image`]: 'x:1' },
    accepted: true,
  },
  {
    sample: 'DaemonSet: least',
    title: 'another selector',
    set: { 'spec.selector': { matchLabels: { a: 'b' } }, 'spec.template.metadata.labels': { a: 'b' } },
  },
  {
    sample: 'ReplicaSet: least',
    title: 'another selector',
    set: { 'spec.selector': { matchLabels: { a: 'b' } }, 'spec.template.metadata.labels': { a: 'b' } },
  },
  { sample: 'StatefulSet: least', title: 'another service name', set: { 'spec.serviceName': 'y' } },
  { sample: 'Job: least', title: 'another template', set: { 'spec.template.spec.containers[0].image': 'x:1' } },
  {
    sample: 'Service: least',
    title: 'another address',
    set: { 'spec.clusterIP': '10.0.9.9', 'spec.clusterIPs': ['10.0.9.9'] },
  },
  { sample: 'Service: least', title: 'an address of an old client', set: { 'spec.clusterIP': '10.0.9.9' } },
  {
    sample: 'Service: least',
    title: 'no address, which is no mistake',
    set: { 'spec.clusterIP': undefined, 'spec.clusterIPs': undefined },
    accepted: true,
  },
  { sample: 'Service: least', title: 'another family', set: { 'spec.ipFamilies': ['IPv6'] } },
  {
    sample: 'Service: node port',
    title: 'another type, which is no mistake',
    set: { 'spec.type': 'ClusterIP' },
    accepted: true,
  },
  {
    sample: 'Service: least',
    title: 'an external name, which is no mistake',
    set: { 'spec.type': 'ExternalName', 'spec.externalName': 'a.example.com' },
    accepted: true,
  },
  { sample: 'Service: load balancer', title: 'another class', set: { 'spec.loadBalancerClass': 'example.com/x' } },
  { sample: 'Pod: least', title: 'another command', set: { 'spec.containers[0].command': ['x'] } },
  { sample: 'Pod: least', title: 'another container', set: { 'spec.containers[1]': { name: 'b', image: 'x' } } },
  {
    sample: 'Pod: least',
    title: 'another image, which is no mistake',
    set: { 'spec.containers[0].image': 'x:1' },
    accepted: true,
  },
  {
    sample: 'Namespace: least',
    title: 'other finalizers, which stay as they are',
    set: { 'spec.finalizers': [] },
    accepted: true,
  },
]
