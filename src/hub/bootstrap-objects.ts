import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { parse } from 'yaml'
import type { Client } from '../client/client.ts'
import { isAlreadyExists } from '../meta/api-errors.ts'
import { fromApiVersion } from '../meta/group-version.ts'
import type { KubeObject } from '../meta/object.ts'

export interface BootstrapObject {
  /** `root`, `root:acme` */
  workspacePath: string
  /** Plural: the folder that the file is in. */
  resource: string
  object: KubeObject
  file: string
}

/**
 * Reads a tree of YAML files: the folder is the workspace path, the folder below it the resource, one object a file.
 * Sorted so that a workspace comes before what is in it.
 */
export function readBootstrapObjects(folder: string): BootstrapObject[] {
  return yamlFiles(folder)
    .map((file) => {
      const parts = relative(folder, file).split(sep)
      const resource = parts.at(-2) ?? ''
      const workspacePath = parts.slice(0, -2).join(':')
      if (workspacePath === '') throw new Error(`${file}: the folder says neither workspace nor resource`)
      return { workspacePath, resource, object: parse(readFileSync(file, 'utf8')) as KubeObject, file }
    })
    .sort((a, b) => a.workspacePath.length - b.workspacePath.length || (a.file < b.file ? -1 : 1))
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return yamlFiles(path)
    return /\.ya?ml$/.test(entry.name) ? [path] : []
  })
}

/** Creates what is missing; what is there, an administrator may have changed on purpose. */
export async function createBootstrapObjects(
  objects: readonly BootstrapObject[],
  clientOf: (workspacePath: string) => Client,
): Promise<void> {
  for (const { workspacePath, resource, object, file } of objects) {
    const groupVersion = fromApiVersion(object.apiVersion ?? '')
    if (!groupVersion) throw new Error(`${file}: apiVersion is missing or malformed`)
    try {
      await clientOf(workspacePath)
        .resource({ ...groupVersion, resource })
        .create(object)
    } catch (error) {
      if (!isAlreadyExists(error)) throw new Error(`${file}: ${String(error)}`, { cause: error })
    }
  }
}
