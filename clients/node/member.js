/** One group member as a process of its own: ADAPTER BOOTSTRAP GROUP TOPIC, until it is killed. Commits what it reads. */

const [name, bootstrap, group, topic] = process.argv.slice(2)
const { join } = await import(`./adapters/${name}.js`)

const say = event => process.stdout.write(`${JSON.stringify(event)}\n`)

let member
member = await join(bootstrap, group, topic, {
  assigned: partitions => say({ assigned: partitions }),
  read: async record => {
    say({ read: record.value.toString() })
    await member?.commit([record])
  }
})
