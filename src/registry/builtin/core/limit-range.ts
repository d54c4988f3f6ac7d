import type { BuiltinKind } from '../builtin-kind.ts'
import { ensureFields, type Fields, fieldsAt, listAt, nullWhenEmpty } from '../fields.ts'
import { roundResourceList } from './resource-list.ts'

function defaultItem(item: Fields): void {
  for (const name of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']) {
    roundResourceList(fieldsAt(item, name))
  }
  if (item['type'] !== 'Container') return
  const limits = ensureFields(item, 'default')
  const requests = ensureFields(item, 'defaultRequest')
  if (limits === undefined || requests === undefined) return
  fill(limits, fieldsAt(item, 'max'))
  fill(requests, limits)
  fill(requests, fieldsAt(item, 'min'))
  // Upstream leaves empty maps out of what it answers.
  for (const name of ['default', 'defaultRequest']) {
    if (Object.keys(fieldsAt(item, name) ?? {}).length === 0) delete item[name]
  }
}

function fill(target: Fields, source: Fields | undefined): void {
  for (const [name, amount] of Object.entries(source ?? {})) {
    if (!Object.hasOwn(target, name)) target[name] = amount
  }
}

export const limitRangeKind: BuiltinKind = {
  group: '',
  resource: 'limitranges',
  strategy: {
    generation: 'none',
    allowCreateOnUpdate: true,
    applyDefaults(object) {
      const spec = fieldsAt(object, 'spec')
      if (spec) nullWhenEmpty(spec, 'limits')
      for (const item of listAt(object, 'spec', 'limits')) defaultItem(item)
    },
  },
}
