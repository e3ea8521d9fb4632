/** The one broker that all suites use: clients/python/serve.py starts, restarts and stops it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const serve = join(import.meta.dirname, '../python/serve.py')

/** True where the broker is ours to restart. */
export const canRestart = process.env.BOOTSTRAP === undefined

export class Broker {
  static async start () {
    const broker = new Broker()
    broker.process = spawn('python3', [serve], { stdio: ['pipe', 'pipe', 'inherit'] })
    broker.exit = once(broker.process, 'exit')
    broker.lines = createInterface(broker.process.stdout)[Symbol.asyncIterator]()
    await broker.#untilReady()
    return broker
  }

  async restart () {
    this.process.stdin.write('restart\n')
    await this.#untilReady()
  }

  /** Stops the broker; anything but a clean exit is an error. */
  async stop () {
    this.process.stdin.end()
    const [code] = await this.exit
    if (code !== 0) throw new Error(`the broker did not stop cleanly: exit code ${code}`)
  }

  async #untilReady () {
    for (;;) {
      const { value: line, done } = await this.lines.next()
      if (done) throw new Error('the broker ended before it was ready')
      if (line.startsWith('ready ')) {
        this.bootstrap = line.slice('ready '.length)
        return
      }
    }
  }
}
