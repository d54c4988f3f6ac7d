import {
  compareQuantities,
  formatQuantity,
  fromMilli,
  parseQuantity,
  type Quantity,
  QuantityError,
  quantityToMilli,
} from '../../../meta/quantity.ts'
import { type Fields, fieldsAt } from '../fields.ts'

/** Amounts finer than a thousandth become the next thousandth, as upstream rounds every resource list. */
export function roundResourceList(list: Fields | undefined): void {
  if (list === undefined) return
  for (const [name, value] of Object.entries(list)) {
    const quantity = quantityOf(value)
    if (quantity === undefined || quantity.scale >= -3) continue
    const rounded = fromMilli(quantityToMilli(quantity), quantity.format)
    if (compareQuantities(rounded, quantity) !== 0) list[name] = formatQuantity(rounded)
  }
}

/** Rounds `limits` and `requests` of a resources field. */
export function roundResources(resources: Fields | undefined): void {
  roundResourceList(fieldsAt(resources, 'limits'))
  roundResourceList(fieldsAt(resources, 'requests'))
}

/** Undefined when it is none: validation says so. */
export function quantityOf(value: unknown): Quantity | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined
  try {
    return parseQuantity(String(value))
  } catch (error) {
    if (error instanceof QuantityError) return undefined
    throw error
  }
}
