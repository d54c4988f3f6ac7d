import { existsSync, readFileSync } from 'node:fs'
import { ownField } from '../../registry/schema/json-value.ts'

type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Made by the build (scripts/generate-descriptions.mjs); absent when the sources run as they are. */
const file = new URL('./data/descriptions.json', import.meta.url)
let loaded: Descriptions | undefined

function descriptions(): Descriptions {
  return (loaded ??= hasDescriptions() ? (JSON.parse(readFileSync(file, 'utf8')) as Descriptions) : {})
}

/** What is known about a definition, or about one of its fields. */
export function descriptionOf(definition: string, field = ''): string | undefined {
  const texts = ownField(descriptions(), definition)
  const text = typeof texts === 'object' && texts !== null ? ownField(texts, field) : undefined
  return typeof text === 'string' ? text : undefined
}

/** Whether this is a build with descriptions: documents differ. */
export function hasDescriptions(): boolean {
  return existsSync(file)
}
