import { scenario } from './scenario.ts'

/** What the client is there for: see {@link Client.own}. */
export const own = scenario({
  id: 'own',
  title: 'its own',
  needs: [],
  run: (driver, place, client) => client.own!.run(place, driver),
})
