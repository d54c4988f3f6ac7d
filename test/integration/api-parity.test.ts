import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCall, namespaceBody } from '../support/api-call.ts'
import { type Answer, apiScenario, normalizeAnswer, type ScenarioStep } from '../support/api-scenario.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'

const binaries = kubeBinaries(judgePrograms)
const why = binaries.available ? '' : ` (skipped: ${judgePrograms.join(' and ')} are not built)`

describe.skipIf(!binaries.available)(`the same requests to a real kube-apiserver and to this one${why}`, () => {
  let judge: ControlPlane
  let ours: TestApiServer
  beforeAll(async () => {
    ;[judge, ours] = await Promise.all([startJudge(), startApiServer({ listen: false })])
    await createCall(ours.server)('/api/v1/namespaces', { method: 'POST', body: namespaceBody('default') })
  }, 120_000)
  afterAll(async () => {
    await judge?.close()
    await ours?.close()
  })

  test('get the same answers, step by step', async () => {
    const call = createCall(ours.server)
    const differences: unknown[] = []
    for (const [index, step] of apiScenario.entries()) {
      const { path, method = 'GET', body, contentType = 'application/json' } = step
      const headers = { 'user-agent': 'parity/1', accept: 'application/json', ...step.headers }
      const request = { method, headers, contentType, ...(body === undefined ? {} : { body }) }
      const [mine, theirs] = [await call(path, request), await judge.request(path, request)]
      const answers = { ours: toAnswer(mine), theirs: toAnswer(theirs) }
      if (!agree(step, answers.ours, answers.theirs)) differences.push({ index, method, path, body, ...answers })
    }
    expect(differences).toEqual([])
  }, 120_000)
})

function agree({ skip, statusOnly }: ScenarioStep, ours: Answer, theirs: Answer): boolean {
  if (skip !== undefined) return true
  if (statusOnly !== undefined) return ours.status === theirs.status
  return JSON.stringify(ours) === JSON.stringify(theirs)
}

function toAnswer(result: {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
}): Answer {
  const { warning, 'content-type': contentType } = result.headers
  return normalizeAnswer({
    status: result.status,
    contentType: String(contentType),
    warnings: warning === undefined ? [] : [warning].flat(),
    body: parse(result.text),
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
