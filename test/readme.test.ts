import { expect, test } from 'vitest'
import readme from '../README.md?raw'
import { restTable } from '../src/faces/rest/compatibility.ts'
import { compatibilityTables } from '../src/faces/s3/compatibility.ts'

/** Between the two comments; `npx vitest run test/readme.test.ts -u` writes them anew. */
const TABLES = /(<!-- Printed by .* -->\n)[\s\S]*(\n<!-- End of the printed tables. -->)/
const REST_TABLE = /(<!-- The REST table is printed by .* -->\n)[\s\S]*(\n<!-- End of the REST table. -->)/

test('the README prints the tables of operations and allowances as the code has them', async () => {
  expect(readme).toMatch(TABLES)
  expect(readme).toMatch(REST_TABLE)
  const printed = readme
    .replace(TABLES, (_, start, end) => `${start}${compatibilityTables()}${end}`)
    .replace(REST_TABLE, (_, start, end) => `${start}${restTable()}${end}`)
  await expect(printed).toMatchFileSnapshot('../README.md')
})
