import { join } from 'node:path'
import type { Client } from './harness/client.ts'
import { debianPackage, findByCommand } from './harness/install.ts'
import { ROOT } from './harness/paths.ts'
import { openProgram, run } from './harness/program.ts'

/** Debian's. Gems are not among the registries that CI has. */
export const client: Client = {
  name: 'aws-sdk-ruby (s3)',
  install: [debianPackage('ruby-aws-sdk-s3')],
  find: () => findByCommand(['ruby', '-e', "require 'aws-sdk-s3'; puts Aws::S3::GEM_VERSION"]),
  open: (place) => openProgram(place, ['ruby', join(ROOT, 'test/clients/ruby/driver.rb')]),
  languages: {
    rb: async (file, place) => {
      await run(place, ['ruby', file])
    },
  },
  notes: { attributes: 'without renames and conditional deletes, which this version has not; newer ones have' },
  cannot: {
    forms: 'the SDK signs them, and the driver does not try it',
    configuration: 'the SDK has the calls, and the driver does not try them',
    sync: 'the SDK has no such command',
    conditions: 'this version has no parameters for conditions on writes; newer ones have',
    ssec: 'this version refuses SSE-C without TLS, whatever its option `require_https_for_sse_cpk` says',
    checksums: 'this version sends Content-MD5 or nothing by itself; newer ones send CRC32',
  },
}
