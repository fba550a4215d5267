import { allClients } from './harness/clients.ts'

// Installs the clients that can be had from the package registries of this machine; `.ci/run` calls it. What cannot be had is said plainly and
// is no error: `npm run test:clients` shows its rows as not installed.

const steps = new Map((await allClients(process.argv.slice(2))).flatMap(({ install = [] }) => install.map((step) => [step.name, step])))
for (const { name, run } of steps.values()) {
  const started = performance.now()
  const said = await run().then(
    () => 'installed',
    (error: Error) => `NOT INSTALLED, ${error.message.split('\n').slice(0, 20).join('\n')}`,
  )
  console.log(`${name}: ${said} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
}
