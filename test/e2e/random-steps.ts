import type { Json, JsonObject } from '../../src/meta/object.ts'
import type { Step } from './patch-oracle.ts'

/** mulberry32: the same steps for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Make = (random: () => number) => Json

const pick = <T>(random: () => number, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
const some = (random: () => number, make: () => Json, most: number): Json[] =>
  Array.from({ length: Math.floor(random() * (most + 1)) }, make)

function unique(items: Json[], keyOf: (item: Json) => string): Json[] {
  const seen = new Set<string>()
  return items.filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)))
}

/** What tells items apart: the values of some fields, or their defaults. */
function keyOf(...names: readonly (string | readonly [string, Json])[]): (item: Json) => string {
  return (item) => {
    const values = names.map((name) => {
      return typeof name === 'string' ? (item as JsonObject)[name] : ((item as JsonObject)[name[0]] ?? name[1])
    })
    return JSON.stringify(values)
  }
}

/** An object with a random part of the fields. */
function part(random: () => number, fields: Record<string, Make>, share = 0.4): JsonObject {
  const chosen = Object.entries(fields).filter(() => random() < share)
  return Object.fromEntries(chosen.map(([name, make]) => [name, make(random)]))
}

const word: Make = (random) => pick(random, ['a', 'b', 'c', 'd<e>'])
const digit: Make = (random) => Math.floor(random() * 4)

const freeValue: Make = (random) =>
  pick<Json>(random, [
    'text',
    7,
    true,
    [1, { a: 2 }],
    {},
    { a: 1 },
    { a: { b: 'c' }, d: [] },
    { a: { b: 'd' } },
    { a: 'flat' },
  ])

const widgetSpec: Record<string, Make> = {
  size: digit,
  plain: (random) => some(random, () => word(random), 3),
  set: (random) =>
    unique(
      some(random, () => word(random), 3),
      JSON.stringify,
    ),
  byKey: (random) =>
    unique(
      some(random, () => ({ name: word(random), ...part(random, { port: digit, v: digit }) }), 3),
      keyOf('name', ['port', 80]),
    ),
  atomicMap: (random) => part(random, { x: digit, y: freeValue }),
  granular: (random) => part(random, { k1: word, k2: word, k3: word }, 0.5),
  free: freeValue,
  empty: (random) => part(random, { a: word }, 0.5),
  intOrString: (random) => pick<Json>(random, [1, 'one', 2]),
  keepsUnknown: (random) => part(random, { known: word, other: freeValue }, 0.5),
  nested: (random) => ({
    list: unique(
      some(
        random,
        () => ({
          id: digit(random),
          ...part(random, {
            tags: (r) =>
              unique(
                some(r, () => word(r), 2),
                JSON.stringify,
              ),
          }),
        }),
        3,
      ),
      keyOf('id'),
    ),
  }),
}

const metadata: Record<string, Make> = {
  labels: (random) => part(random, { l1: () => 'x', l2: () => pick(random, ['y', 'z']) }, 0.5),
  annotations: (random) => part(random, { a1: word, a2: word }, 0.5),
  finalizers: (random) =>
    unique(
      some(random, () => pick(random, ['x.io/a', 'x.io/b', 'x.io/c']), 3),
      JSON.stringify,
    ),
}

/** Puts nulls in the place of a few fields: a merge patch removes them. */
function withNulls(random: () => number, value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, random() < 0.15 ? null : (member ?? null)]),
  )
}

const managers = ['ann', 'bob', 'cid', 'kubectl']

/** One write by one of a few managers. */
export function randomWidgetStep(random: () => number, exists: boolean): Step {
  const spec = part(random, widgetSpec)
  const meta = part(random, metadata, 0.2)
  const whole = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'NAME', ...meta }, spec }
  const manager = pick(random, managers)
  const dice = random()
  if (!exists) return dice < 0.5 ? { type: 'create', body: whole, manager } : { type: 'apply', body: whole, manager }
  if (dice < 0.7) return { type: 'apply', body: whole, manager, force: random() < 0.5 }
  if (dice < 0.9)
    return { type: 'merge', body: { metadata: withNulls(random, meta), spec: withNulls(random, spec) }, manager }
  return { type: 'json', body: [{ op: 'replace', path: '/spec', value: spec }], manager }
}

const container: Record<string, Make> = {
  ports: (random) =>
    unique(
      some(
        random,
        () => ({
          containerPort: 80 + Math.floor(random() * 3),
          ...part(random, { protocol: () => pick(random, ['TCP', 'UDP']) }),
        }),
        3,
      ),
      keyOf('containerPort', ['protocol', 'TCP']),
    ),
  env: (random) =>
    unique(
      some(random, () => ({ name: pick(random, ['A', 'B', 'C']), value: word(random) }), 3),
      keyOf('name'),
    ),
  args: (random) => some(random, () => word(random), 2),
  command: (random) => some(random, () => word(random), 2),
  workingDir: () => '/w',
  resources: (random) => part(random, { limits: () => ({ cpu: pick(random, ['1', '2']) }) }, 0.5),
}

const deploymentParts: Record<string, Make> = {
  replicas: digit,
  minReadySeconds: digit,
  strategy: (random) =>
    pick<Json>(random, [{ type: 'Recreate' }, { type: 'RollingUpdate' }, { rollingUpdate: { maxSurge: 1 } }]),
}

const podParts: Record<string, Make> = {
  nodeSelector: (random) => part(random, { n1: word, n2: word }, 0.5),
  tolerations: (random) => some(random, () => ({ key: word(random), operator: 'Exists' }), 2),
  volumes: (random) =>
    unique(
      some(random, () => ({ name: pick(random, ['v1', 'v2', 'v3']), emptyDir: {} }), 3),
      keyOf('name'),
    ),
  terminationGracePeriodSeconds: digit,
}

function randomContainers(random: () => number, withImage: boolean): Json[] {
  const names = ['main', ...['side', 'third'].filter(() => random() < 0.4)]
  const make = (name: string): JsonObject => ({
    name,
    ...(withImage || name !== 'main' ? { image: 'i:1' } : {}),
    ...part(random, container),
  })
  const containers = names.map(make)
  return random() < 0.5 ? containers : containers.reverse()
}

const strategicParts: Make[] = [
  (random) => ({
    '$setElementOrder/containers': [{ name: 'side' }, { name: 'main' }],
    containers: [{ name: 'main', ...part(random, container) }],
  }),
  (random) => ({ containers: [{ name: pick(random, ['side', 'third']), $patch: 'delete' }] }),
  (random) => ({ containers: [{ $patch: 'replace' }, { name: 'main', image: 'i:2', ...part(random, container) }] }),
  (random) => ({ containers: randomContainers(random, true), volumes: [{ name: 'v1', $patch: 'delete' }] }),
  (random) => ({
    volumes: [{ name: 'v2', emptyDir: {}, $retainKeys: ['name', 'emptyDir'] }],
    nodeSelector: { n1: null, n3: word(random) },
  }),
  (random) => ({
    '$setElementOrder/volumes': [{ name: 'v3' }, { name: 'v1' }],
    volumes: [{ name: 'v3', emptyDir: { sizeLimit: pick(random, ['1Gi', '2Gi']) } }],
  }),
]

export function randomDeploymentStep(random: () => number, exists: boolean): Step {
  const manager = pick(random, managers)
  const spec = (withImage: boolean): JsonObject => ({
    ...part(random, deploymentParts, 0.3),
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { app: 'x' } },
      spec: { containers: randomContainers(random, withImage), ...part(random, podParts, 0.4) },
    },
  })
  const whole = (withImage: boolean): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'NAME', ...part(random, metadata, 0.2) },
    spec: spec(withImage),
  })
  if (!exists) return { type: random() < 0.5 ? 'create' : 'apply', body: whole(true), manager }
  const dice = random()
  if (dice < 0.6) return { type: 'apply', body: whole(random() < 0.5), manager, force: random() < 0.5 }
  if (dice < 0.7) return { type: 'update', body: whole(true), manager }
  if (dice < 0.8) return { type: 'merge', body: { spec: part(random, deploymentParts) }, manager }
  return { type: 'strategic', body: { spec: { template: { spec: pick(random, strategicParts)(random) } } }, manager }
}
