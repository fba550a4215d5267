import type { Step } from './harness/client.ts'
import { allClients } from './harness/clients.ts'
import { FOREIGN_STORES } from './harness/foreign-stores.ts'
import { DEBIAN } from './harness/install.ts'

// Installs the clients, and the stores that tests copy from, as far as the package registries of this machine have them; `.ci/run` calls it.
// What cannot be had is said plainly and is no error: `npm run test:clients` shows its rows as not installed.

async function perform({ name, run }: Step): Promise<void> {
  const started = performance.now()
  const said = await run().then(
    () => 'installed',
    (error: Error) => `NOT INSTALLED, ${error.message.split('\n').slice(0, 20).join('\n')}`,
  )
  console.log(`${name}: ${said} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
}

async function inTurn(steps: readonly Step[]): Promise<void> {
  for (const step of steps) await perform(step)
}

const wanted = process.argv.slice(2)
const stores = FOREIGN_STORES.filter(({ name }) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)))
const installed = [...(await allClients(wanted)), ...stores]
const named = new Map(installed.flatMap(({ install = [] }) => install.map((step) => [step.name, step])))
const steps = [...named.values()]
const isDebian = ({ name }: Step) => name.startsWith(DEBIAN)
// Debian's tool does one thing at a time; it mostly downloads while the others compile.
await Promise.all([inTurn(steps.filter(isDebian)), inTurn(steps.filter((step) => !isDebian(step)))])
