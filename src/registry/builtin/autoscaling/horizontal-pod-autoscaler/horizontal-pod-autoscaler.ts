import type { BuiltinKind } from '../../builtin-kind.ts'
import { fromV2Autoscaler, toV2Autoscaler } from './autoscaler-conversion.ts'

export const horizontalPodAutoscalerKind: BuiltinKind = {
  group: 'autoscaling',
  resource: 'horizontalpodautoscalers',
  storageVersion: 'v2',
  versions: { v1: { toStorage: toV2Autoscaler, fromStorage: fromV2Autoscaler } },
}
