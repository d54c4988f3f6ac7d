import { admissionKinds } from './admissionregistration/admission-kinds.ts'
import { apiServiceKind } from './apiregistration/api-service.ts'
import { controllerRevisionKind } from './apps/controller-revision.ts'
import { daemonSetKind } from './apps/daemon-set.ts'
import { deploymentKind } from './apps/deployment/deployment.ts'
import { replicaSetKind } from './apps/replica-set.ts'
import { statefulSetKind } from './apps/stateful-set.ts'
import { horizontalPodAutoscalerKind } from './autoscaling/horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts'
import { cronJobKind } from './batch/cron-job.ts'
import { jobKind } from './batch/job.ts'
import type { BuiltinKind } from './builtin-kind.ts'
import { certificateSigningRequestKind } from './certificates/certificate-signing-request.ts'
import { leaseKind } from './coordination/lease.ts'
import { componentStatusKind } from './core/component-status.ts'
import { configMapKind } from './core/config-map/config-map.ts'
import { endpointsKind } from './core/endpoints.ts'
import { coreEventKind, eventKind } from './core/event/event.ts'
import { limitRangeKind } from './core/limit-range.ts'
import { namespaceKind } from './core/namespace/namespace.ts'
import { nodeKind } from './core/node/node.ts'
import { persistentVolumeClaimKind } from './core/persistent-volume-claim/persistent-volume-claim.ts'
import { persistentVolumeKind } from './core/persistent-volume/persistent-volume.ts'
import { podTemplateKind } from './core/pod-template.ts'
import { podKind } from './core/pod/pod.ts'
import { replicationControllerKind } from './core/replication-controller.ts'
import { resourceQuotaKind } from './core/resource-quota.ts'
import { secretKind } from './core/secret/secret.ts'
import { serviceAccountKind } from './core/service-account/service-account.ts'
import { serviceKind } from './core/service/service.ts'
import { endpointSliceKind } from './discovery/endpoint-slice.ts'
import { flowControlKinds } from './flowcontrol/flow-control-kinds.ts'
import { ingressClassKind } from './networking/ingress-class.ts'
import { ingressKind } from './networking/ingress.ts'
import { ipAddressKind } from './networking/ip-address.ts'
import { networkPolicyKind } from './networking/network-policy.ts'
import { serviceCidrKind } from './networking/service-cidr.ts'
import { runtimeClassKind } from './node/runtime-class.ts'
import { podDisruptionBudgetKind } from './policy/pod-disruption-budget.ts'
import { rbacKinds } from './rbac/rbac-kinds.ts'
import { deviceKinds } from './resource/device-kinds.ts'
import { priorityClassKind } from './scheduling/priority-class.ts'
import { storageKinds } from './storage/storage-kinds.ts'

/** The code of all built-in kinds that have any. */
export const builtinKinds: readonly BuiltinKind[] = [
  componentStatusKind,
  configMapKind,
  endpointsKind,
  coreEventKind,
  limitRangeKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  podTemplateKind,
  replicationControllerKind,
  resourceQuotaKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  apiServiceKind,
  controllerRevisionKind,
  daemonSetKind,
  deploymentKind,
  replicaSetKind,
  statefulSetKind,
  eventKind,
  horizontalPodAutoscalerKind,
  cronJobKind,
  jobKind,
  certificateSigningRequestKind,
  ingressClassKind,
  ingressKind,
  ipAddressKind,
  networkPolicyKind,
  serviceCidrKind,
  podDisruptionBudgetKind,
  ...rbacKinds,
  ...storageKinds,
  ...admissionKinds,
  priorityClassKind,
  leaseKind,
  runtimeClassKind,
  endpointSliceKind,
  ...deviceKinds,
  ...flowControlKinds,
]
