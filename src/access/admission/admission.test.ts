import { describe, expect, it } from 'vitest'
import { admissionAttributes } from '../testing/admission-request.ts'
import { createAdmissionChain, type AdmissionPlugin } from './admission.ts'

function plugin(name: string, log: string[], options: Partial<AdmissionPlugin> = {}): AdmissionPlugin {
  return {
    name,
    handles: () => true,
    mutate: () => void log.push(`mutate ${name}`),
    validate: () => void log.push(`validate ${name}`),
    ...options,
  }
}

describe('an admission chain', () => {
  it('asks its plugins in order, without a promise where none of them makes one', () => {
    const log: string[] = []
    const chain = createAdmissionChain([plugin('a', log), plugin('b', log)])
    expect(chain.mutate(admissionAttributes({}))).toBeUndefined()
    expect(chain.validate(admissionAttributes({}))).toBeUndefined()
    expect(log).toEqual(['mutate a', 'mutate b', 'validate a', 'validate b'])
  })

  it('keeps the order when one of them takes its time', async () => {
    const log: string[] = []
    const slow = plugin('slow', log, {
      mutate: async () => {
        await new Promise(setImmediate)
        log.push('mutate slow')
      },
    })
    await createAdmissionChain([plugin('a', log), slow, plugin('b', log)]).mutate(admissionAttributes({}))
    expect(log).toEqual(['mutate a', 'mutate slow', 'mutate b'])
  })

  it('stops at the first refusal, early or late', async () => {
    const log: string[] = []
    const refusing = plugin('no', log, {
      mutate: () => {
        throw new Error('refused')
      },
      validate: () => Promise.reject(new Error('refused late')),
    })
    const chain = createAdmissionChain([refusing, plugin('b', log)])
    expect(() => chain.mutate(admissionAttributes({}))).toThrow('refused')
    await expect(chain.validate(admissionAttributes({}))).rejects.toThrow('refused late')
    expect(log).toEqual([])
  })

  it('asks a plugin once for each sort of request whether it cares', () => {
    const log: string[] = []
    let asked = 0
    const picky = plugin('picky', log, {
      handles: ({ resource }) => {
        asked++
        return resource === 'pods'
      },
    })
    const chain = createAdmissionChain([picky])
    for (const resource of ['pods', 'secrets', 'pods', 'secrets']) void chain.mutate(admissionAttributes({ resource }))
    expect(log).toEqual(['mutate picky', 'mutate picky'])
    expect(asked).toBe(2)
  })
})
