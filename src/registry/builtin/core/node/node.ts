import type { KubeObject } from '../../../../meta/object.ts'
import type { BuiltinKind } from '../../builtin-kind.ts'
import { booleanAt, ensureFields, entriesAt, fieldsAt, listAt, stringAt } from '../../fields.ts'
import { textCell } from '../../table-cells.ts'
import { roundResourceList } from '../resource-list.ts'

const rolePrefix = 'node-role.kubernetes.io/'

function statusCell(node: KubeObject): string {
  const ready = listAt(node, 'status', 'conditions').findLast((condition) => condition['type'] === 'Ready')
  const status = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady'
  return booleanAt(node, 'spec', 'unschedulable') ? `${status},SchedulingDisabled` : status
}

function rolesCell(node: KubeObject): string {
  const roles = entriesAt(node, 'metadata', 'labels').flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return key.slice(rolePrefix.length)
    return key === 'kubernetes.io/role' ? value : []
  })
  return [...new Set(roles.filter((role) => role !== ''))].sort().join(',') || '<none>'
}

function addressCell(type: string): (node: KubeObject) => string {
  return (node) => {
    const address = listAt(node, 'status', 'addresses').find((item) => item['type'] === type)
    return address === undefined ? '<none>' : stringAt(address, 'address')
  }
}

function kernelCell(node: KubeObject): string {
  const architecture = stringAt(node, 'status', 'nodeInfo', 'architecture')
  const kernel = stringAt(node, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>'
  return architecture === '' ? kernel : `${kernel} (${architecture})`
}

/** A feature that upstream has removed; its fields do not pass. */
function dropDynamicConfig(node: KubeObject): void {
  delete fieldsAt(node, 'spec')?.['configSource']
  delete fieldsAt(node, 'status')?.['config']
}

export const nodeKind: BuiltinKind = {
  group: '',
  resource: 'nodes',
  selectableFields: { 'spec.unschedulable': (node) => String(booleanAt(node, 'spec', 'unschedulable') ?? false) },
  strategy: {
    generation: 'none',
    // Unlike others, a node may bring its status along when it registers.
    statusFields: [],
    prepareForCreate(node) {
      dropDynamicConfig(node)
    },
    prepareForUpdate(node, previous) {
      dropDynamicConfig(node)
      if (previous['status'] === undefined) delete node['status']
      else node['status'] = previous['status']
    },
    applyDefaults(node) {
      ensureFields(node, 'spec')
      const status = fieldsAt(node, 'status')
      if (status === undefined) return
      const capacity = fieldsAt(status, 'capacity')
      roundResourceList(capacity)
      if (capacity && (status['allocatable'] ?? null) === null) status['allocatable'] = { ...capacity }
      roundResourceList(fieldsAt(status, 'allocatable'))
    },
  },
  cells: {
    Status: statusCell,
    Roles: rolesCell,
    Version: textCell('status', 'nodeInfo', 'kubeletVersion'),
    'Internal-IP': addressCell('InternalIP'),
    'External-IP': addressCell('ExternalIP'),
    'OS-Image': (node) => stringAt(node, 'status', 'nodeInfo', 'osImage') || '<unknown>',
    'Kernel-Version': kernelCell,
    'Container-Runtime': (node) => stringAt(node, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
  },
}
