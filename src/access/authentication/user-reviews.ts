import { badRequest } from '../../meta/api-errors.ts'
import { formatTime } from '../../meta/time.ts'
import { stringAt, stringsAt } from '../../registry/builtin/fields.ts'
import type { VirtualCreate } from '../../registry/resource-definition.ts'
import type { Authenticator } from './authenticator.ts'
import { homeLogicalCluster, toUserInfo } from './identity.ts'

const apiVersion = 'authentication.k8s.io/v1'

/** SelfSubjectReview: who am I. */
export const reviewSelf: VirtualCreate = async (_, { user, nowMs }) => ({
  kind: 'SelfSubjectReview',
  apiVersion,
  metadata: { creationTimestamp: formatTime(nowMs) },
  status: { userInfo: toUserInfo(user) },
})

/**
 * TokenReview: who is the bearer of a token. A ServiceAccount of another workspace is nobody here, because services in
 * this one would take its name for a name of theirs.
 */
export function createTokenReview(authenticator: Authenticator): VirtualCreate {
  return async (object, { logicalCluster, namespace }) => {
    if (namespace !== '') throw badRequest(`namespace is not allowed on this type: ${namespace}`)
    const token = stringAt(object, 'spec', 'token')
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    const audiences = stringsAt(object, 'spec', 'audiences')
    const result = await authenticator.reviewToken(token, audiences.length > 0 ? audiences : undefined)
    const answer = { kind: 'TokenReview', apiVersion, metadata: object.metadata, spec: object['spec'] }
    if (!result.ok) return { ...answer, status: { authenticated: false, error: result.error, user: {} } }
    const home = homeLogicalCluster(result.identity)
    if (home !== undefined && home !== logicalCluster)
      return { ...answer, status: { authenticated: false, error: 'invalid bearer token', user: {} } }
    const { identity } = result
    return { ...answer, status: { authenticated: true, user: toUserInfo(identity), audiences: [...result.audiences] } }
  }
}
