import { fieldInvalid, type FieldError } from '../../meta/field-error.ts'
import type { KubeObject } from '../../meta/object.ts'
import { formatTime } from '../../meta/time.ts'
import { checkDns1123Label } from '../../meta/names.ts'
import type { Companion, OperationContext, Strategy } from '../resource-definition.ts'
import { phaseLabel, workspaceFinalizer } from './workspace-crd.ts'
import { pathOfUrl, type Workspace } from './workspace-objects.ts'
import { type ContentDefinitions, logicalClusterContents } from './workspace-contents.ts'

export interface WorkspaceStrategyOptions {
  /** Asked when the first workspace is made: the definitions refer to each other. */
  contentDefinitions(): ContentDefinitions
  caPem: string
}

/**
 * Admission (`access/admission/workspace-admission.ts`) has chosen the type, the logical cluster's name and the URL;
 * this brings the logical cluster into being with the object itself.
 */
export function createWorkspaceStrategy({ contentDefinitions, caPem }: WorkspaceStrategyOptions): Strategy {
  return {
    validateName: (name) => checkDns1123Label(name),
    prepareForCreate(object, { nowMs }) {
      const { metadata } = object
      const finalizers = metadata.finalizers ?? []
      metadata.finalizers = finalizers.includes(workspaceFinalizer) ? finalizers : [...finalizers, workspaceFinalizer]
      const since = formatTime(nowMs)
      object['status'] = {
        phase: 'Ready',
        conditions: [
          { type: 'WorkspaceInitialized', status: 'True', lastTransitionTime: since },
          { type: 'WorkspaceScheduled', status: 'True', lastTransitionTime: since },
        ],
      }
      metadata.labels = { ...metadata.labels, [phaseLabel]: 'Ready' }
    },
    validateUpdate,
    onMarkedForDeletion(object) {
      setPhase(object, 'Deleting')
    },
    companions: (object, context) => companionsOf(object as Workspace, context, contentDefinitions(), caPem),
  }
}

function companionsOf(
  { metadata, spec }: Workspace,
  { logicalCluster, user }: OperationContext,
  definitions: ContentDefinitions,
  caPem: string,
): Companion[] {
  const { cluster: name = '', URL: url = '' } = spec
  const owner = { workspace: metadata.name ?? '', logicalCluster, uid: metadata.uid ?? '', createdBy: user.name }
  return logicalClusterContents({ name, path: pathOfUrl(url), url, owner }, definitions, caPem)
}

function validateUpdate(object: KubeObject, previous: KubeObject): FieldError[] {
  const { spec } = object as Workspace
  const { spec: before } = previous as Workspace
  const fixed: [string, unknown, unknown][] = [
    ['spec.cluster', spec.cluster, before.cluster],
    ['spec.URL', spec.URL, before.URL],
    ['spec.type.name', spec.type?.name, before.type?.name],
    ['spec.type.path', spec.type?.path, before.type?.path],
  ]
  return fixed
    .filter(([, now, then]) => then !== undefined && now !== then)
    .map(([field, now]) => fieldInvalid(field, now, 'field is immutable'))
}

function setPhase(object: KubeObject, phase: string): void {
  object['status'] = { ...(object as Workspace).status, phase }
  object.metadata.labels = { ...object.metadata.labels, [phaseLabel]: phase }
}
