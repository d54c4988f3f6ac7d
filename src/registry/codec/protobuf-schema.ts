import { readFileSync } from 'node:fs'

/**
 * How the messages of the built-in kinds look on the wire and in JSON, from `data/protobuf.json` (made by
 * scripts/generate-protobuf-descriptor.mjs). Read on first use; a message is compiled when it is first met.
 */

/** How a value is written; the letters of the data file. */
export type FieldType =
  /** string, bool, int32, int64, double, bytes, message */
  | 's'
  | 'b'
  | 'i'
  | 'l'
  | 'd'
  | 'y'
  | 'm'
  /** Quantity, IntOrString, Time, MicroTime, Duration: messages that JSON writes as a string or number */
  | 'q'
  | 'o'
  | 't'
  | 'c'
  | 'n'
  /** RawExtension, FieldsV1, JSON: a message with the bytes of a JSON value */
  | 'r'
  /** ExtraValue, Verbs: a message with a list of strings */
  | 'w'
  /** JSONSchemaPropsOrBool, …OrArray, …OrStringArray */
  | 'B'
  | 'A'
  | 'S'

/** plain: always on the wire, even when zero. pointer: on the wire when set. inline: its JSON fields are the parent's. */
export type FieldShape = 'plain' | 'pointer' | 'repeated' | 'map' | 'inline'

export interface FieldPlan {
  readonly number: number
  /** In JSON; empty when inline. */
  readonly name: string
  readonly type: FieldType
  readonly shape: FieldShape
  /** JSON shows the field even when it is zero, null or absent from the wire. */
  readonly always: boolean
  /** Of messages, and of the schema in B, A and S. */
  readonly message: () => MessagePlan
}

export interface MessagePlan {
  /** By field number; ascending in iteration. */
  readonly fields: ReadonlyMap<number, FieldPlan>
  /** Fields that JSON always shows, those of inlined messages included. */
  readonly always: readonly FieldPlan[]
}

interface Data {
  readonly kinds: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly metaKinds: Readonly<Record<string, number>>
  readonly messages: readonly string[]
}

let data: Data | undefined
const plans = new Map<number, MessagePlan>()

function load(): Data {
  data ??= JSON.parse(readFileSync(new URL('./data/protobuf.json', import.meta.url), 'utf8')) as Data
  return data
}

/** The message of a built-in kind; of options, Status, WatchEvent and the like in any group. */
export function findMessage(apiVersion: string, kind: string): MessagePlan | undefined {
  const { kinds, metaKinds } = load()
  const id = ownNumber(ownRecord(kinds, apiVersion), kind) ?? ownNumber(metaKinds, kind)
  return id === undefined ? undefined : planOf(id)
}

/** Every kind with its own message, as `[apiVersion, kind]`. */
export function listKinds(): [apiVersion: string, kind: string][] {
  return Object.entries(load().kinds).flatMap(([apiVersion, kinds]) =>
    Object.keys(kinds).map((kind): [string, string] => [apiVersion, kind]),
  )
}

// Kinds come from requests: `constructor` is no kind.
function ownRecord(kinds: Data['kinds'], apiVersion: string): Readonly<Record<string, number>> {
  return (Object.hasOwn(kinds, apiVersion) ? kinds[apiVersion] : undefined) ?? {}
}

function ownNumber(kinds: Readonly<Record<string, number>>, kind: string): number | undefined {
  return Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
}

function planOf(id: number): MessagePlan {
  let plan = plans.get(id)
  if (!plan) {
    plan = compile(load().messages[id] ?? '')
    plans.set(id, plan)
  }
  return plan
}

const shapes: Readonly<Record<string, FieldShape>> = {
  '': 'plain',
  '*': 'pointer',
  '+': 'repeated',
  '%': 'map',
  '<': 'inline',
}

/** `<number><type><shape><! when always shown><id of the message>:<JSON name>`, joined by commas. */
function compile(text: string): MessagePlan {
  const fields = text === '' ? [] : text.split(',').map(compileField)
  const always = fields.flatMap((field) => {
    if (field.shape === 'inline') return field.message().always
    return field.always ? [field] : []
  })
  return { fields: new Map(fields.map((field) => [field.number, field])), always }
}

function compileField(text: string): FieldPlan {
  const match = /^(\d+)([a-zA-Z])([*+%<]?)(!?)(\d*):(.*)$/.exec(text)
  const [, number, type, shape = '', always, id, name = ''] = match ?? []
  return {
    number: Number(number),
    name,
    type: type as FieldType,
    shape: shapes[shape] ?? 'plain',
    always: always === '!',
    message: () => planOf(Number(id)),
  }
}
