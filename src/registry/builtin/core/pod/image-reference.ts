// The grammar of image references, as far as the default pull policy needs it: [domain/]path[:tag][@digest].
// https://github.com/distribution/reference
const path = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const domain =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/
const tagged = /^(.*):([\w][\w.-]{0,127})$/
const digest = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/
const nameMaxLength = 255

/** Always for the latest tag, said or meant; IfNotPresent for all others and for what is no reference. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  return tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent'
}

/** The tag, `latest` when there is neither tag nor digest, undefined for a digest alone or a malformed reference. */
function tagOf(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image)) return undefined
  const [name = '', ...digests] = image.split('@')
  if (digests.length > 1 || (digests[0] !== undefined && !digest.test(digests[0]))) return undefined
  const lastSlash = name.lastIndexOf('/')
  const match = tagged.exec(name.slice(lastSlash + 1))
  const repository = match ? name.slice(0, lastSlash + 1) + (match[1] ?? '') : name
  if (!isRepository(repository)) return undefined
  return match ? match[2] : digests.length === 0 ? 'latest' : undefined
}

function isRepository(repository: string): boolean {
  if (repository.length > nameMaxLength) return false
  const parts = repository.split('/')
  const [first = ''] = parts
  const hasDomain = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  if (hasDomain && !domain.test(first)) return false
  return (hasDomain ? parts.slice(1) : parts).every((part) => path.test(part))
}
