import { formatLabelRequirements, fromLabelSelector } from '../../../../meta/label-selector.ts'
import type { KubeObject } from '../../../../meta/object.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { fieldsAt, numberAt } from '../../fields.ts'
import { containerCells, countCell } from '../../table-cells.ts'
import { workloadScale } from '../workload-scale.ts'
import { defaultDeploymentSpec } from './deployment-defaults.ts'
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from './deployment-validation.ts'

/** Unlike other workloads' cells it is empty for an empty selector. */
function selectorCell(object: KubeObject): string {
  try {
    return formatLabelRequirements(fromLabelSelector(fieldsAt(object, 'spec', 'selector')))
  } catch {
    return '<invalid>'
  }
}

export const deploymentKind: BuiltinKind = {
  group: 'apps',
  resource: 'deployments',
  scale: workloadScale,
  strategy: {
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) defaultDeploymentSpec(spec)
    },
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
  },
  statusStrategy: { validate: validateDeploymentStatus },
  cells: {
    Ready: (object) =>
      `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
    'Up-to-date': countCell('status', 'updatedReplicas'),
    Available: countCell('status', 'availableReplicas'),
    ...containerCells('spec', 'template', 'spec'),
    Selector: selectorCell,
  },
}
