import { expect, test } from 'vitest'
import rest from '../docs/reference/rest.md?raw'
import s3 from '../docs/reference/s3.md?raw'
import { restTable } from '../src/faces/rest/compatibility.ts'
import { compatibilityTables } from '../src/faces/s3/compatibility.ts'

/** Between the two comments; `npx vitest run --project unit test/printed-tables.test.ts -u` writes them anew. */
const TABLES = /(<!-- Printed by .* -->\n)[\s\S]*(\n<!-- End of the printed tables. -->)/
const REST_TABLE = /(<!-- The REST table is printed by .* -->\n)[\s\S]*(\n<!-- End of the REST table. -->)/

test('docs/reference/s3.md prints the tables of operations and allowances as the code has them', async () => {
  expect(s3).toMatch(TABLES)
  await expect(s3.replace(TABLES, (_, start, end) => `${start}${compatibilityTables()}${end}`)).toMatchFileSnapshot(
    '../docs/reference/s3.md',
  )
})

test('docs/reference/rest.md prints the table of endpoints as the code has it', async () => {
  expect(rest).toMatch(REST_TABLE)
  await expect(rest.replace(REST_TABLE, (_, start, end) => `${start}${restTable()}${end}`)).toMatchFileSnapshot('../docs/reference/rest.md')
})
