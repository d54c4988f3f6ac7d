import { detailsOf } from '../meta/api-errors.ts'
import type { GroupResource } from '../meta/group-version.ts'
import type { Status } from '../meta/status.ts'

/** What a DELETE answers when the object is gone: clients wait for the uid to be gone, too. */
export function deletedStatus(type: GroupResource, name: string, uid: string | undefined): Status {
  const details = detailsOf(type, name, uid === undefined ? {} : { uid })
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}
