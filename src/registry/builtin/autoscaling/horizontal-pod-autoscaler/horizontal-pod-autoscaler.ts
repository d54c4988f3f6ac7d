import type { BuiltinKind } from '../../builtin-kind.ts'
import { autoscalerCells, v1AutoscalerCells } from './autoscaler-cells.ts'
import { fromV2Autoscaler, toV2Autoscaler } from './autoscaler-conversion.ts'
import { defaultAutoscaler } from './autoscaler-defaults.ts'

export const horizontalPodAutoscalerKind: BuiltinKind = {
  group: 'autoscaling',
  resource: 'horizontalpodautoscalers',
  storageVersion: 'v2',
  strategy: {
    generation: 'none',
    applyDefaults: defaultAutoscaler,
    prepareForCreate(object, { version }) {
      object['status'] =
        version === 'v1' ? { currentReplicas: 0, desiredReplicas: 0 } : { desiredReplicas: 0, currentMetrics: null }
    },
  },
  cells: autoscalerCells,
  versions: { v1: { cells: v1AutoscalerCells, toStorage: toV2Autoscaler, fromStorage: fromV2Autoscaler } },
}
