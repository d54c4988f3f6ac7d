import {
  DerError,
  DerReader,
  derTag,
  objectIdentifier,
  readObjectIdentifier,
  readText,
  sequence,
  set,
  utf8String,
} from './der.ts'

/** As much of an X.501 name as Kubernetes reads: the common name is the user, organizations are the groups. */
export interface Subject {
  commonName: string
  organizations: readonly string[]
}

const commonNameId = '2.5.4.3'
const organizationId = '2.5.4.10'

export function encodeName({ commonName, organizations }: Subject): Uint8Array {
  const groups = organizations.map((organization) => attributeSet(organizationId, organization))
  return sequence(...groups, attributeSet(commonNameId, commonName))
}

function attributeSet(id: string, value: string): Uint8Array {
  return set(sequence(objectIdentifier(id), utf8String(value)))
}

/** Throws DerError, also for attributes that we do not know: whoever signs must have understood all of the name. */
export function decodeName(content: Uint8Array): Subject {
  const commonNames: string[] = []
  const organizations: string[] = []
  const names = new DerReader(content)
  while (!names.isAtEnd) {
    const attributes = new DerReader(names.next(derTag.set).content)
    while (!attributes.isAtEnd) {
      const attribute = new DerReader(attributes.next(derTag.sequence).content)
      const id = readObjectIdentifier(attribute.next(derTag.objectIdentifier).content)
      const value = readText(attribute.next())
      attribute.end()
      if (id === commonNameId) commonNames.push(value)
      else if (id === organizationId) organizations.push(value)
      else throw new DerError(`the name has an attribute ${id}`)
    }
  }
  const [commonName] = commonNames
  if (commonName === undefined || commonNames.length > 1)
    throw new DerError('the name must have exactly one common name')
  return { commonName, organizations }
}
