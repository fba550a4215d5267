import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSnippets } from '../snippets.ts'
import { expectBytes, scenario } from './scenario.ts'

/** The bucket and the key of every snippet in docs/reference/clients.md; the bucket is there when the snippet begins. */
const AT = { bucket: 'photos', key: 'README.md' }

/**
 * What docs/reference/clients.md says, as it is written: it stores the file `README.md` of the folder under the same key of the bucket `photos`, whatever else
 * it does, or leaves what the client's `snippetLeft` looks for.
 */
export const snippet = scenario({
  id: 'snippet',
  title: 'snippet',
  needs: [],
  run: (_driver, place, client) =>
    alone(async () => {
      const { reader } = place
      const content = Buffer.from(`# For ${client.name}\n`)
      writeFileSync(join(place.folder, 'README.md'), content)
      await reader.createBucket(AT.bucket)
      try {
        await runSnippets(client, place)
        if (client.snippetLeft) await client.snippetLeft(place)
        else expectBytes(await reader.read(AT), content, 'what the snippet stored')
      } finally {
        await reader.removeBucket(AT.bucket)
      }
    }),
})

let last: Promise<void> = Promise.resolve()

/** One at a time, for they share the bucket. */
function alone(work: () => Promise<void>): Promise<void> {
  const done = last.then(work)
  last = done.catch(() => {})
  return done
}
