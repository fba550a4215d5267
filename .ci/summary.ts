import { readFileSync } from 'node:fs'

/** Vitest's JSON report. It is added to the clients' report. A run without tests, or with a test file that could not be loaded, has failed. */
type Report = {
  success: boolean
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string }[]
}

/** The report that `npm run test:clients -- --json` writes. */
type Clients = { passed: number; failed: number; notInstalled: number }

const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8'))
const report = read<Report>(process.argv[2]!)
const clients = read<Clients>(process.argv[3]!)
const brokenFiles = report.testResults.filter(({ status }) => status === 'failed').length
const passed = report.numPassedTests + clients.passed
const failed = report.numFailedTests + clients.failed

if (report.numPendingTests > 0) console.log(`${report.numPendingTests} skipped`)
if (clients.notInstalled > 0) console.log(`${clients.notInstalled} clients not installed`)
if (brokenFiles > 0) console.log(`${brokenFiles} test files with failures`)
console.log(`${passed} passed, ${failed} failed`)
if (!report.success || failed > 0 || report.numPassedTests === 0 || clients.passed === 0 || brokenFiles > 0) process.exit(1)
