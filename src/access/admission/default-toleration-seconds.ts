import { fieldsAt, listAt, stringAt, type Fields } from '../../registry/builtin/fields.ts'
import { isPodItself, type AdmissionPlugin } from './admission.ts'

const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const tolerationSeconds = 300

/** Pods stay for five minutes on a node that is not ready or unreachable, unless they say otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: isPodItself,
  mutate({ object }) {
    const spec = fieldsAt(object, 'spec')
    if (!spec) return
    const tolerations = listAt(spec, 'tolerations')
    const missing = taints.filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)))
    if (missing.length === 0) return
    const added = missing.map((key) => ({ effect: 'NoExecute', key, operator: 'Exists', tolerationSeconds }))
    spec['tolerations'] = [...tolerations, ...added]
  },
}

function tolerates(toleration: Fields, taint: string): boolean {
  const [key, effect] = [stringAt(toleration, 'key'), stringAt(toleration, 'effect')]
  return (key === taint || key === '') && (effect === 'NoExecute' || effect === '')
}
