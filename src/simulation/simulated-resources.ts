/** The resources that the simulation reads and writes. */
export const nodes = { group: '', version: 'v1', resource: 'nodes' }
export const pods = { group: '', version: 'v1', resource: 'pods' }
export const services = { group: '', version: 'v1', resource: 'services' }
export const volumeClaims = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
export const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }
export const deployments = { group: 'apps', version: 'v1', resource: 'deployments' }
export const replicaSets = { group: 'apps', version: 'v1', resource: 'replicasets' }
export const statefulSets = { group: 'apps', version: 'v1', resource: 'statefulsets' }
export const daemonSets = { group: 'apps', version: 'v1', resource: 'daemonsets' }
export const controllerRevisions = { group: 'apps', version: 'v1', resource: 'controllerrevisions' }
export const jobs = { group: 'batch', version: 'v1', resource: 'jobs' }

/** The name under which every write of the simulation is recorded (`metadata.managedFields`, audit log). */
export const fieldManager = 'atoll-simulation'

/** On every node, so that nobody takes it for a machine: `kubectl get nodes -l simulation.atoll.dev/node`. */
export const simulatedLabel = 'simulation.atoll.dev/node'
/** On nodes and volumes, for people who look closer. */
export const simulatedAnnotation = 'simulation.atoll.dev/note'
