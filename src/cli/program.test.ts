import { expect, test } from 'vitest'
import { explain } from './program.ts'

test('an address that another program listens on is told with what to do', () => {
  const taken = Object.assign(new Error('listen EADDRINUSE: address already in use 127.0.0.1:6443'), {
    code: 'EADDRINUSE',
    address: '127.0.0.1',
    port: 6443,
  })
  expect(explain(taken)).toBe('127.0.0.1:6443 is in use already: choose another address with --listen')
})

test('an error that nobody foresaw is told by its message alone', () => {
  expect(explain(new TypeError('the folder is locked'))).toBe('the folder is locked')
  expect(explain('gone')).toBe('gone')
})
