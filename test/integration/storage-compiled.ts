import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/**
 * Compiles the LevelDB driver for a child process, which on Node 20 cannot run TypeScript. The result lies below
 * node_modules, so that its imports resolve; remove `directory` afterwards.
 */
export async function compileStorage(): Promise<{ directory: string; modulePath: string }> {
  const cache = resolve('node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const directory = await mkdtemp(join(cache, 'atoll-storage-'))
  const config = {
    extends: resolve('tsconfig.json'),
    compilerOptions: { noEmit: false, outDir: directory, rootDir: resolve('src'), types: ['node'] },
    files: [resolve('src/storage/leveldb/leveldb-backend.ts')],
    include: [],
  }
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  await promisify(execFile)(resolve('node_modules/.bin/tsc'), ['-p', join(directory, 'tsconfig.json')])
  return { directory, modulePath: join(directory, 'storage/leveldb/leveldb-backend.js') }
}
