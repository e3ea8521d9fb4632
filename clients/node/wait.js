import { setTimeout as sleep } from 'node:timers/promises'

const SAFETY_NET_MS = 120_000

/** Waits for a condition; the time limit is a safety net far above what a healthy run needs. */
export async function until (condition, what) {
  const deadline = Date.now() + SAFETY_NET_MS
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came: ${what()}`)
    await sleep(20)
  }
}
