import { readFileSync } from 'node:fs'

/** Adds up vitest's own JSON report. A run without tests, or with a file that could not be loaded, is a failed run. */
type Report = {
  success: boolean
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string }[]
}

const report: Report = JSON.parse(readFileSync(process.argv[2]!, 'utf8'))
const brokenFiles = report.testResults.filter(({ status }) => status === 'failed').length

if (report.numPendingTests > 0) console.log(`${report.numPendingTests} skipped`)
if (brokenFiles > 0) console.log(`${brokenFiles} test files with failures`)
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed`)
if (!report.success || report.numFailedTests > 0 || report.numPassedTests === 0 || brokenFiles > 0) process.exit(1)
