import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDataDir } from './make-data-dir.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-data-dir-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the folders that are missing are made, for this user alone', () => {
  for (let times = 0; times < 2; times++) makeDataDir(join(folder, 'a/b/c'))
  expect(statSync(join(folder, 'a/b/c')).mode & 0o777).toBe(0o700)
})

test('what cannot be a folder is said in a sentence', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const sentence = (path: string, why: string) =>
    `cannot use ${path} as data directory: ${why}; choose another one with --data-dir`
  expect(() => makeDataDir(file)).toThrow(sentence(file, 'it is a file'))
  expect(() => makeDataDir(join(file, 'x'))).toThrow(sentence(join(file, 'x'), 'a folder above it is a file'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  expect(() => makeDataDir(join(folder, 'dangling'))).toThrow('as data directory')
})

test.runIf(existsSync('/proc/self'))('a place where nothing can be made is refused at once', () => {
  expect(() => makeDataDir('/proc/x')).toThrow('no folder can be made there; choose another one with --data-dir')
})
