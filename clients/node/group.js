/** The members of one group, each a process, looked at together. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { PARTITIONS } from './records.js'
import { until } from './wait.js'

export class Group {
  #members = []
  #arguments

  constructor (adapter, bootstrap, group, topic) {
    this.#arguments = [join(import.meta.dirname, 'member.js'), adapter, bootstrap, group, topic]
  }

  join () {
    const process_ = spawn(process.execPath, this.#arguments, { stdio: ['ignore', 'pipe', 'inherit'] })
    const member = { process: process_, exit: once(process_, 'exit'), assigned: [], read: new Set() }
    createInterface(process_.stdout).on('line', line => {
      const { assigned, read } = JSON.parse(line)
      if (assigned) member.assigned = assigned
      else member.read.add(read)
    })
    this.#members.push(member)
    return member
  }

  /** SIGKILL: the member has no chance to leave. */
  async kill (member) {
    assert.equal(member.process.exitCode, null, 'the member ended on its own')
    this.#members.splice(this.#members.indexOf(member), 1)
    member.process.kill('SIGKILL')
    await member.exit
  }

  /** Every partition has exactly one owner, and every member owns something. */
  async untilShared () {
    const shared = () => {
      const owned = this.#members.map(member => member.assigned)
      return owned.every(one => one.length > 0) && `${owned.flat().sort()}` === `${PARTITIONS}`
    }
    await until(shared, () => `an assignment of every partition among ${this}`)
  }

  /** Together they have read all of these values. */
  async untilRead (values) {
    const missing = () => values.filter(value => !this.#members.some(member => member.read.has(value)))
    await until(() => missing().length === 0, () => `${missing()} among ${this}`)
  }

  async stop () {
    for (const member of this.#members.splice(0)) {
      member.process.kill('SIGKILL')
      await member.exit
    }
  }

  toString () {
    const said = this.#members.map(({ assigned, read, process }) =>
      `[${assigned}], ${read.size} values, exit ${process.exitCode}`)
    return said.join('; ')
  }
}
