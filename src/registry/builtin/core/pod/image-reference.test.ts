import { describe, expect, it } from 'vitest'
import { defaultPullPolicy } from './image-reference.ts'

const digest = `sha256:${'0'.repeat(64)}`

describe('the default pull policy', () => {
  it.each(['nginx', 'nginx:latest', 'library/nginx', 'reg.example:5000/a/b', 'localhost/a', `a:latest@${digest}`])(
    'pulls %s always',
    (image) => expect(defaultPullPolicy(image)).toBe('Always'),
  )

  it.each([
    'nginx:1',
    `nginx@${digest}`,
    'Nginx',
    '',
    'a b',
    'nginx:',
    ':latest',
    'a//b',
    '0'.repeat(64),
    `x/${'a'.repeat(255)}`,
  ])('pulls %j only when it is not there', (image) => expect(defaultPullPolicy(image)).toBe('IfNotPresent'))
})
