import { createPrivateKey, randomUUID } from 'node:crypto'
import type { Backend, Key, KeyValue } from '../../storage/backend.ts'
import { hubKey } from '../../storage/keys.ts'
import {
  createCertificateAuthority,
  dayMs,
  exportPrivateKey,
  generateKeyPair,
  openCertificateAuthority,
  type CertificateAuthority,
  type KeyPairPem,
} from './certificate.ts'
import { openSigningKeys, type SigningKeys } from './signing-keys.ts'

/** Who this hub is, wherever its store goes. */
export interface HubIdentity {
  /** A UUID, made once. */
  readonly id: string
  /** Counts up when a restored hub is confirmed as the one to follow. */
  readonly incarnation: number
  /** RFC 3339. */
  readonly createdAt: string
}

/** What a hub needs to prove that it is itself. Lives in the Backend, so that every replica has the same. */
export interface HubSecrets {
  readonly identity: HubIdentity
  readonly certificateAuthority: CertificateAuthority
  readonly serviceAccountKeys: SigningKeys
}

export const hubSecretKeys = {
  identity: hubKey('identity'),
  certificateAuthority: hubKey('ca'),
  serviceAccountKeys: hubKey('service-account-key'),
} as const

const authorityLifetimeMs = 3_650 * dayMs

/**
 * The hub's secrets, made in one transaction by whichever replica comes first. Throws when the store holds only some of
 * them: half a hub must not go on as another one.
 */
export async function loadOrCreateHubSecrets(backend: Backend, nowMs: number): Promise<HubSecrets> {
  const stored = await readSecrets(backend)
  if (stored) return stored
  const keys = Object.values(hubSecretKeys)
  await backend.txn({ guards: keys.map((key) => ({ key, revision: 0 })), puts: newSecrets(nowMs) })
  const made = await readSecrets(backend) // ours, or those of the replica that was faster
  if (!made) throw new Error('the identity of the hub is not in the store although it was just written')
  return made
}

function newSecrets(nowMs: number): { key: Key; value: Uint8Array }[] {
  const id = randomUUID()
  const identity: HubIdentity = { id, incarnation: 1, createdAt: new Date(nowMs).toISOString() }
  const authority = createCertificateAuthority(`atoll-hub-${id}`, { nowMs, lifetimeMs: authorityLifetimeMs })
  const signing = { keys: [{ keyPem: exportPrivateKey(generateKeyPair().privateKey), createdAt: identity.createdAt }] }
  return [
    { key: hubSecretKeys.identity, value: encode(identity) },
    { key: hubSecretKeys.certificateAuthority, value: encode(authority) },
    { key: hubSecretKeys.serviceAccountKeys, value: encode(signing) },
  ]
}

async function readSecrets(backend: Backend): Promise<HubSecrets | undefined> {
  const identity = await backend.get(hubSecretKeys.identity)
  const authority = await backend.get(hubSecretKeys.certificateAuthority)
  const signing = await backend.get(hubSecretKeys.serviceAccountKeys)
  if (!identity && !authority && !signing) return undefined
  if (!identity || !authority || !signing)
    throw new Error('the store holds a part of the identity of a hub: restore it from a backup')
  return {
    identity: decode(identity, isHubIdentity),
    certificateAuthority: openCertificateAuthority(decode(authority, isKeyPair)),
    serviceAccountKeys: openSigningKeys(
      decode(signing, isStoredKeys).keys.map(({ keyPem }) => createPrivateKey(keyPem)),
    ),
  }
}

export function encode(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

/** Throws for a value of another shape, naming its key and never its content. */
export function decode<T>({ key, value }: KeyValue, isRight: (value: unknown) => value is T): T {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(value).toString('utf8'))
  } catch {
    parsed = undefined
  }
  if (!isRight(parsed)) throw new Error(`the value of ${key} in the store cannot be read: restore it from a backup`)
  return parsed
}

function hasStrings(value: unknown, ...fields: string[]): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    fields.every((field) => typeof (value as Record<string, unknown>)[field] === 'string')
  )
}

function isHubIdentity(value: unknown): value is HubIdentity {
  return hasStrings(value, 'id', 'createdAt') && Number.isSafeInteger(value['incarnation'])
}

export function isKeyPair(value: unknown): value is KeyPairPem {
  return hasStrings(value, 'certPem', 'keyPem')
}

function isStoredKeys(value: unknown): value is { keys: { keyPem: string }[] } {
  if (typeof value !== 'object' || value === null) return false
  const { keys } = value as Record<string, unknown>
  return Array.isArray(keys) && keys.length > 0 && keys.every((key) => hasStrings(key, 'keyPem'))
}
