import { expect, test } from 'vitest'
import readme from '../README.md?raw'
import { compatibilityTables } from '../src/faces/s3/compatibility.ts'

/** Between the two comments; `npx vitest run test/readme.test.ts -u` writes them anew. */
const TABLES = /(<!-- Printed by .* -->\n)[\s\S]*(\n<!-- End of the printed tables. -->)/

test('the README prints the tables of operations and allowances as the code has them', async () => {
  expect(readme).toMatch(TABLES)
  await expect(readme.replace(TABLES, (_, start, end) => `${start}${compatibilityTables()}${end}`)).toMatchFileSnapshot('../README.md')
})
