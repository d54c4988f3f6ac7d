import type { Client } from '../client/client.ts'
import { toApiStatusError } from '../client/create-client.ts'
import { toApiPath } from '../meta/group-version.ts'
import { recordsAt, textAt } from './json-access.ts'

/** Which version a child serves a type in; undefined when it serves it in none. Never guesses from an error. */
export type ServedVersion = (group: string, resource: string) => Promise<string | undefined>

export function createServedVersions(client: Client): ServedVersion {
  async function read(path: string): Promise<unknown> {
    const response = await client.raw({ method: 'GET', path })
    if (response.status === 404) return undefined
    if (response.status >= 400) throw toApiStatusError(response, response.body)
    return JSON.parse(new TextDecoder().decode(response.body)) as unknown
  }
  return async (group, resource) => {
    if (group === '') return 'v1'
    const apiGroup = await read(`/apis/${group}`)
    const preferred = textAt(apiGroup, 'preferredVersion', 'version')
    const others = recordsAt(apiGroup, 'versions').map((one) => textAt(one, 'version'))
    for (const version of new Set([preferred, ...others])) {
      if (version === undefined) continue
      const list = await read(toApiPath({ group, version }))
      if (recordsAt(list, 'resources').some((one) => textAt(one, 'name') === resource)) return version
    }
    return undefined
  }
}
