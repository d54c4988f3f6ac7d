import type { KubeObject } from '../../../meta/object.ts'
import type { BuiltinKind, Cell } from '../builtin-kind.ts'
import { defaultTo, entriesAt, type Fields, fieldsAt, listAt, stringAt, stringsAt } from '../fields.ts'
import { textCell } from '../table-cells.ts'

const group = 'admissionregistration.k8s.io'

function defaultWebhook(webhook: Fields): void {
  defaultTo(webhook, 'failurePolicy', 'Fail')
  defaultTo(webhook, 'timeoutSeconds', 10)
  defaultMatching(webhook)
  const service = fieldsAt(webhook, 'clientConfig', 'service')
  if (service) defaultTo(service, 'port', 443)
  defaultRules(webhook, 'rules')
}

/** What webhooks and policies select objects by. */
function defaultMatching(target: Fields): void {
  defaultTo(target, 'matchPolicy', 'Equivalent')
  defaultTo(target, 'namespaceSelector', {})
  defaultTo(target, 'objectSelector', {})
}

function defaultRules(target: unknown, ...path: readonly string[]): void {
  for (const rule of listAt(target, ...path)) defaultTo(rule, 'scope', '*')
}

function defaultMatchResources(owner: unknown, ...path: readonly string[]): void {
  const resources = fieldsAt(owner, ...path)
  if (resources === undefined) return
  defaultMatching(resources)
  defaultRules(resources, 'resourceRules')
  defaultRules(resources, 'excludeResourceRules')
}

function webhookConfiguration(resource: string, defaultOne: (webhook: Fields) => void): BuiltinKind {
  return {
    group,
    resource,
    strategy: {
      generation: 'all-but-metadata-and-status',
      allowUnconditionalUpdate: false,
      applyDefaults(object) {
        for (const webhook of listAt(object, 'webhooks')) defaultOne(webhook)
      },
    },
    cells: { Webhooks: (object) => listAt(object, 'webhooks').length },
  }
}

function defaultMutatingWebhook(webhook: Fields): void {
  defaultWebhook(webhook)
  defaultTo(webhook, 'reinvocationPolicy', 'Never')
}

function policy(resource: string, cells: Readonly<Record<string, Cell>>, hasStatus: boolean): BuiltinKind {
  return {
    group,
    resource,
    strategy: {
      allowUnconditionalUpdate: false,
      applyDefaults(object) {
        const spec = fieldsAt(object, 'spec')
        if (spec) defaultTo(spec, 'failurePolicy', 'Fail')
        defaultMatchResources(object, 'spec', 'matchConstraints')
      },
      prepareForCreate(object) {
        if (hasStatus) object['status'] = {}
      },
    },
    cells: {
      ...cells,
      ParamKind: (object) => {
        const kind = fieldsAt(object, 'spec', 'paramKind')
        return kind ? `${stringAt(kind, 'apiVersion')}/${stringAt(kind, 'kind')}` : '<unset>'
      },
    },
  }
}

function paramRefCell(binding: KubeObject): string {
  const reference = fieldsAt(binding, 'spec', 'paramRef')
  const name = stringAt(reference, 'name')
  if (name !== '') return `${stringAt(reference, 'namespace') || '*'}/${name}`
  const selector = fieldsAt(reference, 'selector')
  return selector ? dumpSelector(selector) : '<unset>'
}

/** Upstream shows a selector here as Go prints the structure. */
function dumpSelector(selector: Fields): string {
  const labels = entriesAt(selector, 'matchLabels').map(([key, value]) => `${key}: ${value},`)
  const expressions = listAt(selector, 'matchExpressions').map((expression) => {
    const values = stringsAt(expression, 'values').join(' ')
    const operator = stringAt(expression, 'operator')
    return `LabelSelectorRequirement{Key:${stringAt(expression, 'key')},Operator:${operator},Values:[${values}],},`
  })
  const expressionList = `[]LabelSelectorRequirement{${expressions.join('')}}`
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:${expressionList},}`
}

function policyBinding(resource: string): BuiltinKind {
  return {
    group,
    resource,
    strategy: {
      allowUnconditionalUpdate: false,
      applyDefaults: (object) => defaultMatchResources(object, 'spec', 'matchResources'),
    },
    cells: { PolicyName: textCell('spec', 'policyName'), ParamRef: paramRefCell },
  }
}

export const admissionKinds: readonly BuiltinKind[] = [
  webhookConfiguration('validatingwebhookconfigurations', defaultWebhook),
  webhookConfiguration('mutatingwebhookconfigurations', defaultMutatingWebhook),
  policy(
    'validatingadmissionpolicies',
    { Validations: (object) => listAt(object, 'spec', 'validations').length },
    true,
  ),
  policy('mutatingadmissionpolicies', { Mutations: (object) => listAt(object, 'spec', 'mutations').length }, false),
  policyBinding('validatingadmissionpolicybindings'),
  policyBinding('mutatingadmissionpolicybindings'),
]
