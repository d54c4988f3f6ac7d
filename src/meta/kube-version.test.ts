import { expect, test } from 'vitest'
import { compareKubeVersions } from './kube-version.ts'

test('versions are ordered as Kubernetes orders them, and other names come last', () => {
  const ordered = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v3beta1',
    'v1beta2',
    'v1beta1',
    'v11alpha1',
    'v1alpha2',
    'foo1',
    'foo10',
  ]
  expect(ordered.toReversed().sort(compareKubeVersions)).toEqual(ordered)
})
