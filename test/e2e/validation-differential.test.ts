import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/meta/object.ts'
import { type BuiltinSample, builtinSamples } from '../support/builtin-samples.ts'
import type { ControlPlane } from '../support/control-plane.ts'
import { creationErrors, updateErrors } from '../support/created-object.ts'
import { judgePrograms, startJudge } from '../support/judge.ts'
import { kubeBinaries } from '../support/kube-binaries.ts'
import type { Refusal } from '../support/repair-object.ts'
import { servedPlace } from '../support/served-place.ts'
import { creationMistakes, type Mistake, updateMistakes } from '../support/validation-mistakes.ts'

const binaries = kubeBinaries(judgePrograms)
if (!binaries.available) console.warn(`SKIPPED, validation of built-in kinds is not compared: ${binaries.reason}`)

function sampleOf({ sample }: Mistake): BuiltinSample {
  const found = builtinSamples.find(({ title }) => title.endsWith(sample))
  if (!found) throw new Error(`there is no sample ${sample}`)
  return found
}

/** Sets values by path; undefined removes. `a.b[0].c`, keys with dots in brackets. */
function changed(object: KubeObject, set: Mistake['set']): KubeObject {
  const copy = structuredClone(object)
  for (const [path, value] of Object.entries(set)) {
    const steps = [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, name]) => index ?? name ?? '')
    const last = steps.pop() ?? ''
    let owner = copy as unknown as Record<string, unknown>
    for (const step of steps) owner = (owner[step] ??= {}) as Record<string, unknown>
    if (value === undefined) delete owner[last]
    else owner[last] = structuredClone(value)
  }
  return copy
}

type Cause = { reason?: string | undefined; field?: string | undefined; message?: string | undefined }

/** In one order, and without what cannot be equal: Go prints whole structures and differences of them. */
function comparable(causes: readonly Cause[]): readonly Cause[] {
  return causes
    .map(({ reason, field, message = '' }) => ({
      reason,
      field,
      message: message
        .replace(/\n[^]*$/, '')
        .replace(/Invalid value: \{.*\}: field is immutable$/, 'field is immutable'),
    }))
    .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
}

describe.skipIf(!binaries.available)('validation against a real kube-apiserver', () => {
  let judge: ControlPlane
  beforeAll(async () => {
    judge = await startJudge()
  })
  afterAll(async () => {
    await judge?.close()
  })

  it.each(creationMistakes)('creating $sample with $title is refused alike', async (mistake) => {
    const object = changed(sampleOf(mistake).object, mistake.set)
    const place = servedPlace(object)
    const response = await judge.request(`${place.path}?dryRun=All`, { method: 'POST', body: object })
    const theirs = (response.json() as Refusal).details?.causes ?? []
    if (!mistake.accepted) expect(response.status, response.text).toBe(422)
    expect(comparable(creationErrors(place, object))).toEqual(comparable(theirs))
  })

  it.each(updateMistakes)('updating $sample with $title is refused alike', async (mistake) => {
    const sample = sampleOf(mistake)
    const place = servedPlace(sample.object)
    const first = changed(sample.object, mistake.first ?? {})
    await judge.request(place.path, { method: 'POST', body: first })
    const path = `${place.path}/${first.metadata.name}`
    const previous = (await judge.request(path)).json() as KubeObject
    const object = changed(previous, mistake.set)
    const response = await judge.request(`${path}?dryRun=All`, { method: 'PUT', body: object })
    await judge.request(path, { method: 'DELETE', body: { gracePeriodSeconds: 0 } })
    const theirs = (response.json() as Refusal).details?.causes ?? []
    if (!mistake.accepted) expect(response.status, response.text).toBe(422)
    expect(comparable(updateErrors(place, previous, object))).toEqual(comparable(theirs))
  })
})
