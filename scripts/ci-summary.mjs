// Adds up the JSON reports of all suites; a step that failed without a failing test counts as one. Exits 1 on any failure.
// Usage: node scripts/ci-summary.mjs <folder of reports> <number of failed steps>
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0
for (const file of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + (report.numTodoTests ?? 0)
}
const total = Math.max(failed, Number(failedSteps))
console.log(`${passed} passed, ${total} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(total > 0 || passed === 0 ? 1 : 0)
