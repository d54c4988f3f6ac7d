import { expect, it } from 'vitest'
import type { ApiRequest, ApiResponse } from '../client/transport.ts'
import { joinChildCluster } from './join-child-cluster.ts'

function childOfVersion(gitVersion: string) {
  const asked: string[] = []
  const childTransport = async ({ method, url }: ApiRequest): Promise<ApiResponse> => {
    asked.push(`${method} ${url}`)
    const body = url === '/version' ? { gitVersion } : { metadata: { name: 'kube-system', uid: 'u' } }
    const answers = url === '/version' || url.endsWith('/kube-system')
    return { status: answers ? 200 : 500, headers: {}, body: Buffer.from(JSON.stringify(answers ? body : {})) }
  }
  const request = { hubId: 'h', childClusterUid: 'c', name: 'east', publishedGroups: [] }
  return { asked, join: () => joinChildCluster({ ...request, childTransport }) }
}

it.each(['v1.24.17', 'v1.9.0', 'v1.22.3+k3s1'])('refuses Kubernetes %s, and has changed nothing', async (version) => {
  const { asked, join } = childOfVersion(version)
  await expect(join()).rejects.toThrow(
    `this cluster runs Kubernetes ${version}, and 1.25 is the oldest that can be joined`,
  )
  expect(asked.filter((one) => !one.startsWith('GET '))).toEqual([])
})

it.each(['v1.25.0', 'v1.36.1-eks-1', 'v2.0.0', 'unknown'])('goes on with %s', async (version) => {
  const { asked, join } = childOfVersion(version)
  await expect(join()).rejects.not.toThrow('oldest')
  expect(asked.length).toBeGreaterThan(2)
})
