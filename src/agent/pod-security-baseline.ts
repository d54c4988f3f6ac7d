import type { JsonObject } from '../meta/object.ts'
import { member, numberAt, recordAt, recordsAt, textAt } from './json-access.ts'

/** Where the pod specification is, by `group/Kind`; paths from the object's root. */
const podSpecPaths = new Map<string, readonly string[]>([
  ['/Pod', ['spec']],
  ['/PodTemplate', ['template', 'spec']],
  ['/ReplicationController', ['spec', 'template', 'spec']],
  ['apps/Deployment', ['spec', 'template', 'spec']],
  ['apps/ReplicaSet', ['spec', 'template', 'spec']],
  ['apps/StatefulSet', ['spec', 'template', 'spec']],
  ['apps/DaemonSet', ['spec', 'template', 'spec']],
  ['batch/Job', ['spec', 'template', 'spec']],
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
])

export interface PodTemplate {
  /** `spec.template.spec`, for messages. */
  path: string
  spec: JsonObject
  metadata: JsonObject
}

/** The pod template of a built-in workload kind, or the pod itself. */
export function podTemplateOf(group: string, kind: string, manifest: JsonObject): PodTemplate | undefined {
  const path = podSpecPaths.get(`${group}/${kind}`)
  if (!path) return undefined
  const spec = recordAt(manifest, ...path)
  if (!spec) return undefined
  return { path: path.join('.'), spec, metadata: recordAt(manifest, ...path.slice(0, -1), 'metadata') ?? {} }
}

// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
const allowedCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const allowedSeLinuxTypes = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'])
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])
const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/'

/**
 * What a pod asks for beyond the Pod Security Standard `baseline`, one sentence each. The child's namespaces enforce the
 * same for pods; asked here, the answer names the template before anything of it reaches the child.
 */
export function baselineViolations({ path, spec, metadata }: PodTemplate): string[] {
  const found: string[] = []
  for (const flag of ['hostNetwork', 'hostPID', 'hostIPC'])
    if (isSet(member(spec, flag))) found.push(`${path}.${flag} must not be set`)
  const volumes = member(spec, 'volumes')
  for (const [index, volume] of (Array.isArray(volumes) ? volumes : []).entries())
    if (isSet(member(volume, 'hostPath'))) found.push(`${path}.volumes[${index}].hostPath is not allowed`)
  for (const [key, value] of Object.entries(recordAt(metadata, 'annotations') ?? {})) {
    if (!key.startsWith(appArmorAnnotation) || typeof value !== 'string') continue
    if (value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
      found.push(`the AppArmor profile ${JSON.stringify(value)} is not allowed`)
  }
  const podContext = recordAt(spec, 'securityContext')
  if (podContext) {
    found.push(...contextViolations(`${path}.securityContext`, podContext))
    for (const sysctl of recordsAt(podContext, 'sysctls')) {
      const name = textAt(sysctl, 'name') ?? ''
      if (!safeSysctls.has(name)) found.push(`${path}.securityContext.sysctls: ${JSON.stringify(name)} is not allowed`)
    }
  }
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'])
    for (const [index, container] of recordsAt(spec, list).entries())
      found.push(...containerViolations(`${path}.${list}[${index}]`, container))
  return found
}

function containerViolations(path: string, container: JsonObject): string[] {
  const found: string[] = []
  for (const port of recordsAt(container, 'ports'))
    if ((numberAt(port, 'hostPort') ?? 0) !== 0) found.push(`${path}.ports: hostPort is not allowed`)
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'])
    found.push(...handlerViolations(`${path}.${probe}`, recordAt(container, probe)))
  for (const hook of ['postStart', 'preStop'])
    found.push(...handlerViolations(`${path}.lifecycle.${hook}`, recordAt(container, 'lifecycle', hook)))
  const context = recordAt(container, 'securityContext')
  if (!context) return found
  if (isSet(member(context, 'privileged'))) found.push(`${path}.securityContext.privileged must not be true`)
  const added = member(recordAt(context, 'capabilities'), 'add')
  for (const capability of Array.isArray(added) ? added : [])
    if (typeof capability !== 'string' || !allowedCapabilities.has(capability))
      found.push(`${path}.securityContext.capabilities.add: ${JSON.stringify(capability)} is not allowed`)
  const procMount = textAt(context, 'procMount')
  if (procMount !== undefined && procMount !== '' && procMount !== 'Default')
    found.push(`${path}.securityContext.procMount must be Default`)
  return [...found, ...contextViolations(`${path}.securityContext`, context)]
}

/** A handler that names a host lets the kubelet, which is outside the pod's network, call anywhere. */
function handlerViolations(path: string, handler: JsonObject | undefined): string[] {
  return ['httpGet', 'tcpSocket']
    .filter((type) => (textAt(handler, type, 'host') ?? '') !== '')
    .map((type) => `${path}.${type}.host must not be set`)
}

function contextViolations(path: string, context: JsonObject): string[] {
  const found: string[] = []
  const seLinux = recordAt(context, 'seLinuxOptions')
  if (seLinux) {
    if (!allowedSeLinuxTypes.has(textAt(seLinux, 'type') ?? ''))
      found.push(`${path}.seLinuxOptions.type is not allowed`)
    for (const field of ['user', 'role'])
      if ((textAt(seLinux, field) ?? '') !== '') found.push(`${path}.seLinuxOptions.${field} must not be set`)
  }
  for (const profile of ['seccompProfile', 'appArmorProfile'])
    if (textAt(context, profile, 'type') === 'Unconfined') found.push(`${path}.${profile}.type must not be Unconfined`)
  if (isSet(member(recordAt(context, 'windowsOptions'), 'hostProcess')))
    found.push(`${path}.windowsOptions.hostProcess must not be true`)
  return found
}

/** A wrong type counts as set: the child would refuse it, and nothing gets by through being odd. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false
}
