import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** ES256 keys of ServiceAccount tokens: the first one signs, all of them verify, so that keys can be rotated. */
export interface SigningKeys {
  readonly signing: SigningKey
  readonly byId: ReadonlyMap<string, VerificationKey>
}

export interface VerificationKey {
  /** SHA-256 of the public key's DER, base64url: what upstream uses as `kid`. */
  readonly id: string
  readonly publicKey: KeyObject
}

export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject
}

/** At least one P-256 private key; throws for other kinds. */
export function openSigningKeys(privateKeys: readonly KeyObject[]): SigningKeys {
  const keys = privateKeys.map(toSigningKey)
  const [signing] = keys
  if (!signing) throw new Error('there is no key to sign ServiceAccount tokens with')
  return { signing, byId: new Map(keys.map((key) => [key.id, { id: key.id, publicKey: key.publicKey }])) }
}

function toSigningKey(privateKey: KeyObject): SigningKey {
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('ServiceAccount tokens are signed with ECDSA P-256 keys')
  const publicKey = createPublicKey(privateKey)
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { id, publicKey, privateKey }
}
