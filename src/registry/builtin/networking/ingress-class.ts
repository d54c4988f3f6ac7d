import { nameIsDnsSubdomain } from '../../../meta/names.ts'
import type { BuiltinKind } from '../builtin-kind.ts'
import { defaultTo, fieldsAt, stringAt } from '../fields.ts'
import { textCell } from '../table-cells.ts'

const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class'

export const ingressClassKind: BuiltinKind = {
  group: 'networking.k8s.io',
  resource: 'ingressclasses',
  strategy: {
    validateName: nameIsDnsSubdomain,
    applyDefaults(object) {
      const parameters = fieldsAt(object, 'spec', 'parameters')
      if (parameters) defaultTo(parameters, 'scope', 'Cluster')
    },
  },
  cells: {
    Name: ({ metadata }) =>
      metadata.annotations?.[defaultAnnotation] === 'true' ? `${metadata.name} (default)` : metadata.name,
    Controller: textCell('spec', 'controller'),
    Parameters: (object) => {
      const parameters = fieldsAt(object, 'spec', 'parameters')
      if (parameters === undefined) return '<none>'
      const group = parameters['apiGroup'] === undefined ? '' : `.${stringAt(parameters, 'apiGroup')}`
      return `${stringAt(parameters, 'kind')}${group}/${stringAt(parameters, 'name')}`
    },
  },
}
