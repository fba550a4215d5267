import { join } from 'node:path'
import type { Client, Driver, Place } from './client.ts'
import { findPythonPackage, pythonPackages, pythonProgram } from './install.ts'
import { ROOT } from './paths.ts'
import { openProgram, run } from './program.ts'

const scriptOf = (name: string) => join(ROOT, 'test/clients/python', name)

/** What all clients that are a Python package have in common: the package of an environment, a driver beside this folder, and snippets in its language. */
export function pythonClient({ environment, package: name, driver }: { environment: string; package: string; driver?: string }) {
  return {
    install: [pythonPackages(environment)],
    find: () => findPythonPackage(environment, name),
    ...(driver && { open: (place: Place): Promise<Driver> => openProgram(place, [pythonProgram(environment), scriptOf(driver)]) }),
    languages: {
      py: async (file: string, place: Place) => {
        await run(place, [pythonProgram(environment), file])
      },
    },
  } satisfies Partial<Client>
}

/** Runs a program of test/clients/python to its end; what it prints is JSON. */
export async function runPython<T>(place: Place, environment: string, [name = '', ...args]: readonly string[]): Promise<T> {
  return JSON.parse((await run(place, [pythonProgram(environment), scriptOf(name), ...args])).out)
}
