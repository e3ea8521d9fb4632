/** @platformatic/kafka: newer, promises and streams; its zstd is Node's own, which Node 20 lacks. */

import zlib from 'node:zlib'

import { Consumer, Producer } from '@platformatic/kafka'

import { unique } from '../records.js'
import { until } from '../wait.js'

export const name = 'platformatic'
export const codecs = ['none', 'gzip', 'snappy', 'lz4', ...(zlib.zstdCompressSync ? ['zstd'] : [])]

function options (bootstrap) {
  return { clientId: 'creel-tests', bootstrapBrokers: [bootstrap] }
}

export async function producer (bootstrap, { codec = 'none', idempotent = false }) {
  const one = new Producer({ ...options(bootstrap), autocreateTopics: true, compression: codec, idempotent, acks: -1 })
  return {
    async send (topic, records) {
      // Keys that are Buffers stay apart in a Map, so a header may stand there twice.
      const headers = record => new Map(record.headers.map(([name, value]) => [Buffer.from(name), value]))
      await one.send({ messages: records.map(record => ({ ...record, topic, headers: headers(record) })) })
    },
    close: () => one.close()
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
  const one = new Consumer({ ...options(bootstrap), groupId })
  one.on('consumer:group:join', ({ assignments = [] }) => {
    told.assigned(assignments.filter(one => one.topic === topic).flatMap(one => one.partitions))
  })
  const stream = await one.consume({
    topics: [topic],
    autocommit: false,
    mode: 'committed',
    fallbackMode: 'earliest',
    sessionTimeout: 6_000,
    heartbeatInterval: 500,
    maxWaitTime: 200
  })
  const reading = (async () => {
    for await (const message of stream) await told.read(record(message))
  })()
  return {
    commit: records => one.commit({
      offsets: records.map(({ partition, offset }) => (
        { topic, partition, offset: BigInt(offset + 1), leaderEpoch: -1 }))
    }),
    async close () {
      await one.close(true)
      await reading
    }
  }
}

function record ({ partition, key, value, headers, offset }) {
  const flat = [...headers].map(([name, value]) => [name.toString(), value])
  return { partition, key: key ?? null, value: value ?? null, headers: flat, offset: Number(offset) }
}
