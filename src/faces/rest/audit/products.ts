import type { AuditedResource } from '../../../core/audit.ts'
import { invalidArgument } from '../../../core/errors.ts'

type ResourceType = AuditedResource['type']

/** Each product of the audit log, and the types of its resources. R2's own names are not published beyond `r2`. */
const PRODUCTS = [
  { value: 'r2', label: 'R2', types: ['r2.bucket', 'session'] },
  { value: 'api_tokens', label: 'API Tokens', types: ['token'] },
] as const satisfies readonly { value: string; label: string; types: readonly ResourceType[] }[]

/** Returns the product that a resource belongs to. */
export const productOf = (type: ResourceType): string =>
  PRODUCTS.find(({ types }) => (types as readonly string[]).includes(type))?.value ?? 'r2'

/** Each category has one product, of the same name. */
export const PRODUCT_CATEGORIES = PRODUCTS.map(({ value, label }) => ({ value, label, products: [{ value, label }] }))

/**
 * Returns the types of resources that a query selects by `product_category` and `resource_product`: those of any that it names. Undefined
 * when it names none.
 * @throws StoreError InvalidArgument for a category that there is not
 */
export function typesOfProducts(query: URLSearchParams, suffix: '' | '.not'): readonly string[] | undefined {
  const categories = query.getAll(`product_category${suffix}`).map(categoryOf)
  const named = [...categories, ...query.getAll(`resource_product${suffix}`)]
  if (named.length === 0) return undefined
  return PRODUCTS.flatMap(({ value, types }) => (named.includes(value) ? types : []))
}

function categoryOf(name: string): string {
  const category = PRODUCTS.find(({ value }) => value === name.toLowerCase())
  if (!category) throw invalidArgument(`There is no product category ${JSON.stringify(name)}`)
  return category.value
}
