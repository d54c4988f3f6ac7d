// Copies the data files that the code reads at run time beside the emitted modules: src/**/data/* → dist/**/data/*.
import { chmodSync, cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

function dataFolders(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.name === 'data' ? [path] : dataFolders(path)
    })
}

for (const folder of dataFolders('src')) cpSync(folder, folder.replace(/^src/, 'dist'), { recursive: true })
if (existsSync('dist/bin/atoll.js')) chmodSync('dist/bin/atoll.js', 0o755)
