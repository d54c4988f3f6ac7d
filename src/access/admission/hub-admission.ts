import { randomBytes } from 'node:crypto'
import type { ObjectReader } from '../../registry/object-reader.ts'
import type { Authorizer } from '../authorization/attributes.ts'
import type { RuleResolver } from '../authorization/rbac-authorizer.ts'
import type { AdmissionPlugin } from './admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { createHeartbeatReceipt } from './heartbeat-receipt.ts'
import { createNamespaceLifecycle } from './namespace-lifecycle.ts'
import { createPlacementMark, type ForeseenTargets } from './placement-mark.ts'
import { createPriority } from './priority.ts'
import { publishedTypes } from './published-types.ts'
import { createRbacEscalation } from './rbac-escalation.ts'
import { reservedMetadata } from './reserved-metadata.ts'
import { createServiceAccountAdmission } from './service-account.ts'
import { systemObjects } from './system-objects.ts'
import { createWorkspaceAdmission } from './workspace-admission.ts'

export interface HubAdmissionOptions {
  reader: ObjectReader
  authorizer: Authorizer
  rules: RuleResolver
  /** The URL of a workspace path, as clients outside reach it. */
  urlOf(path: string): string
  /** Where placement is going to deliver a new object. */
  foresee: ForeseenTargets
  /** Milliseconds since 1970. */
  now(): number
  /** A hub's own marks are ordinary metadata to a child cluster. Default true. */
  ownsMarks?: boolean
}

/** The hub's admission plugins, in the order in which a write meets them. */
export function hubAdmission(options: HubAdmissionOptions): AdmissionPlugin[] {
  const { reader, authorizer, rules, urlOf, foresee, now, ownsMarks = true } = options
  return [
    ...(ownsMarks ? [reservedMetadata] : []), // first: what the others set is the hub's own doing
    createNamespaceLifecycle(reader),
    createWorkspaceAdmission({ reader, rules, newName: newLogicalClusterName, urlOf }),
    createServiceAccountAdmission(reader),
    createPriority(reader),
    defaultTolerationSeconds,
    createRbacEscalation(authorizer, rules),
    ...(ownsMarks ? [createPlacementMark(foresee), createHeartbeatReceipt(now), systemObjects, publishedTypes] : []),
  ]
}

const nameLength = 16 // base36: 82 bits

/** A name that has never been used and cannot be guessed. */
export function newLogicalClusterName(): string {
  const random = BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36)
  return random.padStart(nameLength, '0').slice(-nameLength)
}
