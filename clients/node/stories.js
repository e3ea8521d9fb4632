/**
 * What every client is asked to do (see clients/python/stories.py).
 *
 * An adapter (adapters/*.js) gives:
 *   name, codecs
 *   producer(bootstrap, { codec, idempotent }) -> { send(topic, records), close() }
 *   read(bootstrap, topic, count) -> records, as they were sent, with their offsets
 *   join(bootstrap, group, topic, { read(record), assigned(partitions) }) -> { commit(records), close() }
 */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { Broker, canRestart } from './broker.js'
import { Group } from './group.js'
import { PARTITIONS, json, numbered, unique, values, varied } from './records.js'
import { until } from './wait.js'

export function stories (adapter) {
  describe(adapter.name, () => {
    let broker
    before(async () => { broker = await Broker.start() })
    after(async () => { await broker?.stop() })

    for (const codec of adapter.codecs) {
      test(`records with keys and headers come back equal and in order: ${codec}`, async () => {
        await assertComesBack(varied(700), { codec })
      })
    }

    test('JSON values come back as the same documents', async () => {
      const sent = json()
      const read = await assertComesBack(sent, { codec: 'gzip' })
      const documents = records => inOrder(records).map(record => JSON.parse(record.value))
      assert.deepEqual(documents(read), documents(sent))
    })

    test('an idempotent producer writes every record once', async () => {
      await assertComesBack(numbered(0, 3_000), { idempotent: true })
    })

    test('an idempotent producer goes on across a broker restart', { skip: !canRestart }, async () => {
      const topic = unique(adapter.name)
      const sent = numbered(0, 600)
      const producer = await adapter.producer(broker.bootstrap, { idempotent: true })
      await producer.send(topic, sent.slice(0, 300))
      await broker.restart()
      await producer.send(topic, sent.slice(300))
      await producer.close()
      assertSame(sent, await adapter.read(broker.bootstrap, topic, sent.length))
    })

    test('a group of two rebalances when a third joins and when one is killed', async () => {
      const topic = unique(adapter.name)
      await produce(topic, numbered(0, 60))
      const group = new Group(adapter.name, broker.bootstrap, unique('group'), topic)
      try {
        const first = group.join()
        group.join()
        await group.untilShared()
        await group.untilRead(values(0, 60))
        group.join()
        await group.untilShared()
        await produce(topic, numbered(60, 60))
        await group.untilRead(values(60, 60))
        await group.kill(first)
        await group.untilShared()
        await produce(topic, numbered(120, 60))
        await group.untilRead(values(120, 60))
      } finally {
        await group.stop()
      }
    })

    test('a client resumes exactly at its commit', async () => {
      await assertResumes(() => {})
    })

    test('a client resumes exactly at its commit after a broker restart', { skip: !canRestart }, async () => {
      await assertResumes(() => broker.restart())
    })

    // What the stories are made of.

    async function produce (topic, records, options = {}) {
      const producer = await adapter.producer(broker.bootstrap, options)
      await producer.send(topic, records)
      await producer.close()
    }

    /** One more record in each partition at the end: whatever was written twice lies before it. */
    async function assertComesBack (records, options) {
      const topic = unique(adapter.name)
      await produce(topic, records, options)
      const ends = PARTITIONS.map(partition => ({ partition, key: null, value: Buffer.from('{}'), headers: [] }))
      await produce(topic, ends)
      const sent = [...records, ...ends]
      const read = await adapter.read(broker.bootstrap, topic, sent.length)
      assertSame(sent, read)
      return read.filter(one => one.offset < records.filter(({ partition }) => partition === one.partition).length)
    }

    /** Reads and commits a part, stops, and gets exactly the rest: nothing twice, nothing left out. */
    async function assertResumes (between) {
      const [topic, group] = [unique(adapter.name), unique('group')]
      await produce(topic, numbered(0, 200))
      const before = await readInGroup(topic, group, 80, true)
      // Read, but not committed: these have to come again.
      const uncommitted = await readInGroup(topic, group, 30, false)
      await between()
      const rest = await readInGroup(topic, group, 200 - before.length, false)
      assert.deepEqual([...before, ...rest].sort((a, b) => a - b), values(0, 200))
      assert.ok(uncommitted.every(value => rest.includes(value)))
    }

    async function readInGroup (topic, group, enough, commit) {
      const records = []
      const member = await adapter.join(broker.bootstrap, group, topic, {
        assigned () {},
        async read (record) { if (records.length < enough) records.push(record) }
      })
      await until(() => records.length >= enough, () => `${enough} records in ${group}; came: ${records.length}`)
      if (commit) await member.commit(records)
      await member.close()
      return records.map(record => record.value.toString())
    }
  })
}

/** Everything came back, equal, in the order of sending within each partition, at offsets without gaps. */
function assertSame (sent, read) {
  assert.equal(read.length, sent.length)
  const next = new Map()
  for (const { partition, offset } of read) {
    assert.equal(offset, next.get(partition) ?? 0, `partition ${partition}`)
    next.set(partition, offset + 1)
  }
  assert.deepEqual(inOrder(read).map(({ offset, ...record }) => record), inOrder(sent))
}

function inOrder (records) {
  return records.toSorted((a, b) => a.partition - b.partition)
}
