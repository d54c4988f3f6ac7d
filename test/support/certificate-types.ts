import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fixturesFolder } from './fixtures.ts'

const file = join(fixturesFolder, 'crds', 'cert-manager.yaml')

/** Types that many clusters have: the CRDs of cert-manager as published, or one small one of the same name. YAML. */
export function certificateTypes(size: 'whole' | 'small'): string {
  return size === 'whole' && existsSync(file) ? readFileSync(file, 'utf8') : small
}

const small = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: certificates.cert-manager.io
spec:
  group: cert-manager.io
  names: { kind: Certificate, listKind: CertificateList, plural: certificates, singular: certificate }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [secretName]
              properties:
                secretName: { type: string }
                dnsNames: { type: array, items: { type: string } }
                issuerRef:
                  type: object
                  properties:
                    name: { type: string }
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
`
