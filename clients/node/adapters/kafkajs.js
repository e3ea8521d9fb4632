/** kafkajs: pure JavaScript; gzip is its own, snappy a package of its author. */

import kafkajs from 'kafkajs'
import SnappyCodec from 'kafkajs-snappy'

import { unique } from '../records.js'
import { until } from '../wait.js'

const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec

export const name = 'kafkajs'
export const codecs = ['none', 'gzip', 'snappy']

const COMPRESSION = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy }

function client (bootstrap) {
  // Its log would stand in the way of what a member says on standard output.
  const logCreator = () => ({ label, namespace, log }) => console.error(label, namespace, log.message)
  return new Kafka({ clientId: 'creel-tests', brokers: [bootstrap], logLevel: logLevel.NOTHING, logCreator })
}

export async function producer (bootstrap, { codec = 'none', idempotent = false }) {
  const options = idempotent ? { idempotent, maxInFlightRequests: 1 } : {}
  const one = client(bootstrap).producer({ ...options, createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await one.connect()
  return {
    async send (topic, records) {
      const messages = records.map(record => ({ ...record, headers: grouped(record.headers) }))
      await one.send({ topic, messages, acks: -1, compression: COMPRESSION[codec] })
    },
    close: () => one.disconnect()
  }
}

export async function read (bootstrap, topic, count) {
  const records = []
  const member = await join(bootstrap, unique('reader'), topic, {
    assigned () {},
    async read (record) { records.push(record) }
  })
  await until(() => records.length >= count, () => `${count} records; came: ${records.length}`)
  await member.close()
  return records
}

export async function join (bootstrap, groupId, topic, told) {
  const one = client(bootstrap).consumer({
    groupId, sessionTimeout: 6_000, heartbeatInterval: 500, maxWaitTimeInMs: 200
  })
  one.on(one.events.GROUP_JOIN, ({ payload }) => told.assigned(payload.memberAssignment[topic] ?? []))
  await one.connect()
  await one.subscribe({ topic, fromBeginning: true })
  const eachMessage = ({ partition, message }) => told.read(record(partition, message))
  await one.run({ autoCommit: false, eachMessage })
  return {
    commit: records => one.commitOffsets(records.map(({ partition, offset }) => (
      { topic, partition, offset: `${offset + 1}` }))),
    close: () => one.disconnect()
  }
}

function record (partition, { key, value, headers, offset }) {
  const flat = Object.entries(headers).flatMap(([name, values]) => [values].flat().map(value => [name, value]))
  return { partition, key, value, headers: flat, offset: Number(offset) }
}

/** A header that stands there twice is a list to kafkajs. */
function grouped (headers) {
  const names = [...new Set(headers.map(([name]) => name))]
  return Object.fromEntries(names.map(name => {
    const values = headers.filter(header => header[0] === name).map(header => header[1])
    return [name, values.length === 1 ? values[0] : values]
  }))
}
