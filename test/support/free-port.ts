import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

/**
 * Below the range from which kernels take the local ports of outgoing connections (32768 and up on Linux, 49152 and
 * up elsewhere): a server that is stopped for a while finds its port still free when it comes back.
 */
const lowestPort = 20_000
const highestPort = 32_000

/** Never handed out twice by this process, whether or not somebody listens by now. */
const handedOut = new Set<number>()

/** `count` different loopback TCP ports on which nobody listens. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

/** One loopback TCP port on which nobody listens. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = randomInt(lowestPort, highestPort)
    if (handedOut.has(port) || !(await canListen(port))) continue
    handedOut.add(port)
    return port
  }
  throw new Error(`no free TCP port between ${lowestPort} and ${highestPort}`)
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Whether somebody accepts connections on a loopback port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
