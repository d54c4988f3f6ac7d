// Names what failed, then adds up the JSON reports of all suites; a step that failed without a failing test counts as one.
// Exits 1 on any failure.
// Usage: node scripts/ci-summary.mjs <folder of reports> [<name of a step that failed> ...]
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const [folder, ...failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0
for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + (report.numTodoTests ?? 0)
  report.testResults.forEach(printFailures)
}
for (const step of failedSteps) console.log(`FAILED step: ${step}`)
const total = Math.max(failed, failedSteps.length)
console.log(`${passed} passed, ${total} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(total > 0 || passed === 0 ? 1 : 0)

/** A file can fail without any of its tests: then it says why itself. */
function printFailures({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name)
  const tests = assertionResults.filter((test) => test.status === 'failed')
  for (const test of tests) printFailure(`${file}: ${test.fullName}`, test.failureMessages.join('\n'))
  if (status === 'failed' && tests.length === 0) printFailure(file, message)
}

function printFailure(title, message) {
  const lines = message.trim().split('\n').slice(0, 12)
  console.log(`FAILED ${title}\n${lines.map((line) => `    ${line}`).join('\n')}\n`)
}
