import { parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../meta/object.ts'
import { Command } from 'commander'
import { addJoinCommand } from './join.ts'

async function dryRun(...flags: string[]): Promise<string> {
  let printed = ''
  const program = new Command()
  addJoinCommand(program, (text) => (printed += text))
  await program.parseAsync(['join', 'east', '--dry-run', ...flags], { from: 'user' })
  return printed
}

describe('atoll join --dry-run', () => {
  test('prints every object that joining makes, as YAML, and needs neither hub nor cluster', async () => {
    const objects = parseAllDocuments(await dryRun()).map((document) => document.toJS() as KubeObject)
    const kinds = objects.map(({ kind }) => kind)
    expect(kinds[0]).toBe('Namespace')
    expect(new Set(kinds)).toEqual(
      new Set(['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ConfigMap']),
    )
    expect(await dryRun('-o', 'yaml')).toBe(await dryRun())
  })

  test('prints the same as one JSON list', async () => {
    const { kind, items } = JSON.parse(await dryRun('-o', 'json')) as { kind: string; items: KubeObject[] }
    expect(kind).toBe('List')
    expect(items).toEqual(parseAllDocuments(await dryRun()).map((document) => document.toJS() as KubeObject))
  })

  test('names the formats that there are when asked for another', async () => {
    await expect(dryRun('-o', 'wide')).rejects.toMatchObject({
      exitCode: 2,
      message: 'unknown output format "wide": use yaml or json',
    })
  })
})
