// Waits for a line on standard input, writes into a store until it is killed, and says on standard output what it was told, a line each:
//   open                       the store is open
//   ack <writer> <n> <rev>     transaction n of a writer was acknowledged
//   saw <writer> <n>           a read or the feed has shown transaction n of a writer
//   failed <code>              a write failed; reads go on: <sum of what is readable>
// Arguments: compiled driver, directory, seed.
import { readSync, writeSync } from 'node:fs'

const [modulePath, directory, seed = '1'] = process.argv.slice(2)
const { openLeveldbBackend } = await import(modulePath)
const writers = 6
const say = (line) => writeSync(1, `${line}\n`)

let state = Number(seed)
function random(below) {
  state = (state * 1103515245 + 12345) % 2147483648
  return Math.floor((state / 2147483648) * below)
}

if (readSync(0, Buffer.alloc(16)) === 0) process.exit(0) // whoever started it is gone
// Small buffers: LevelDB switches logs and writes tables all the time.
const backend = await openLeveldbBackend({ directory, writeBufferBytes: 65_536 })
const seen = new Map()
function saw(key, value) {
  if (!/^w\d\/a$/.test(key) || !value) return
  const writer = key[1]
  const n = Number(Buffer.from(value.buffer, value.byteOffset, value.length).toString().split(' ')[0])
  if (n <= (seen.get(writer) ?? -1)) return
  seen.set(writer, n)
  say(`saw ${writer} ${n}`)
}
backend.subscribe(({ events }) => {
  for (const { key, value } of events) saw(key, value)
})

/** Two keys always, and a third that every fifth transaction deletes. */
async function write(writer) {
  const at = backend.get(`w${writer}/a`)
  for (let n = at ? Number(Buffer.from(at.value).toString().split(' ')[0]) + 1 : 0; ; n++) {
    const value = Buffer.from(`${n} ${'x'.repeat(random(random(50) === 0 ? 20_000 : 500))}`)
    const puts = ['a', 'b', ...(n % 5 === 4 ? [] : ['c'])].map((name) => ({ key: `w${writer}/${name}`, value }))
    const result = await backend.txn({ puts, deletes: n % 5 === 4 ? [`w${writer}/c`] : [] })
    say(`ack ${writer} ${n} ${result.revision}`)
    if (n % 20 === 19) void backend.compact(Math.max(0, result.revision - 200))
  }
}

async function read() {
  for (;;) {
    const writer = random(writers)
    const found = backend.get(`w${writer}/a`)
    if (found) saw(found.key, found.value)
    for (const { key, value } of (await backend.range({ start: 'w', end: 'x' })).items) saw(key, value)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

say('open')
try {
  await Promise.all([read(), ...Array.from({ length: writers }, (_, writer) => write(writer))])
} catch (error) {
  const { items } = await backend.range({ start: 'w', end: 'x' })
  const again = await backend.txn({ puts: [{ key: 'x', value: Buffer.from('x') }] }).catch((failure) => failure.code)
  say(`failed ${error.code} ${items.length} ${again} ${error.message}`)
  process.exit(0)
}
