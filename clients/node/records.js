/** Records to send. Each names its partition, so that the order within it is known. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const PARTITIONS = [0, 1, 2]

const SIZES = [0, 1, 17, 100, 1_000, 9_000]

export function unique (name) {
  return `${name}-${randomBytes(4).toString('hex')}`
}

/** Keys, headers and values of every kind: absent, empty, binary, short and long. */
export function varied (count) {
  return Array.from({ length: count }, (_, number) => {
    const size = SIZES[number % SIZES.length]
    const headers = [['number', Buffer.from(`${number}`)]]
    if (number % 3 === 0) {
      headers.push(['twice', Buffer.from('1')], ['twice', Buffer.from('2')], ['bytes', randomBytes(256)])
    }
    return {
      partition: number % PARTITIONS.length,
      key: number % 7 === 0 ? null : Buffer.from(number % 7 === 1 ? '' : `key-${number % 23}`),
      value: number % 31 === 5 ? null : Buffer.concat([randomBytes(size / 2), Buffer.alloc(size / 2, 'spool ')]),
      headers
    }
  })
}

/** Small records whose values tell them apart. */
export function numbered (first, count) {
  return values(first, count).map((value, at) => ({
    partition: at % PARTITIONS.length,
    key: Buffer.from(`key-${value}`),
    value: Buffer.from(value),
    headers: []
  }))
}

export function values (first, count) {
  return Array.from({ length: count }, (_, at) => `${first + at}`)
}

/** Real JSON documents where they are at hand, made ones elsewhere. */
export function json () {
  return jsonLines().map((line, at) => ({
    partition: at % PARTITIONS.length, key: null, value: Buffer.from(line), headers: []
  }))
}

function jsonLines () {
  try {
    const real = join(import.meta.dirname, '../../../shared/data/twitter_statuses.ndjson')
    return readFileSync(real, 'utf8').split('\n').filter(line => line.trim())
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return values(0, 500).map(order => JSON.stringify({ order, name: 'Žofie „naïve“ 織機', price: order / 3 }))
  }
}
