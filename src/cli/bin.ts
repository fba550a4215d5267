import { nodeTooOld } from './node-version.ts'

// The entry of the package. It loads the rest after it has looked at the version of Node: an older one cannot even load it.
const tooOld = nodeTooOld(process.version)
if (tooOld !== undefined) {
  console.error(tooOld)
  process.exit(1)
}
const { main } = await import('./cairn.ts')
await main(process.argv.slice(2))
