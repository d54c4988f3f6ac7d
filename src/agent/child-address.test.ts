import { expect, test } from 'vitest'
import { refusedAddress, refusedIp } from './child-address.ts'

test.each([
  'https://127.0.0.1:6443',
  'https://127.9.9.9',
  'https://localhost:1',
  'https://a.localhost',
  'https://[::1]:6443',
  'https://[::ffff:127.0.0.1]',
  'https://[fe80::1]',
  'https://169.254.169.254',
  'https://2130706433',
  'http://child.example.com',
  'not a url',
])('%s is not dialled', (url) => {
  expect(refusedAddress(url)).toBeTypeOf('string')
})

test.each(['https://child.example.com:6443', 'https://10.1.2.3', 'https://[2001:db8::1]'])(
  '%s may be dialled',
  (url) => {
    expect(refusedAddress(url)).toBeUndefined()
  },
)

test.each([
  '127.0.0.1',
  '0.0.0.0',
  '169.254.169.254',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::',
  'FE80::1',
  'fe80::1%eth0',
  '::ffff:127.0.0.1',
  '::ffff:0:0',
  '64:ff9b::169.254.169.254',
  'fd00:ec2::254',
  '::127.0.0.1',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
])('a name that stands for %s is not dialled', (address) => {
  expect(refusedIp(address)).toBeTypeOf('string')
})

test.each(['10.1.2.3', '2001:db8::1', '::ffff:10.0.0.1'])('a name that stands for %s may be dialled', (address) => {
  expect(refusedIp(address)).toBeUndefined()
})
