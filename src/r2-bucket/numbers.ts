/**
 * Converts a value as the runtime converts it to a C++ `int`: anything that is not a number is 0, and fractions are cut off.
 * @throws TypeError
 */
export function toInt32(value: unknown): number {
  const number = Number(value)
  if (!Number.isFinite(number)) return 0
  if (number >= -(2 ** 31) && number < 2 ** 31) return Math.trunc(number)
  throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).')
}
