import type { DeliveryReason } from '../meta/fleet/delivery.ts'

/** Why an object is not delivered; what the person reads who placed it. */
export interface Refusal {
  reason: DeliveryReason
  message: string
}

export function refuse(reason: DeliveryReason, message: string): Refusal {
  return { reason, message }
}
