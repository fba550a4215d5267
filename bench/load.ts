import { Connection, headerOf, type Outgoing } from './wire.ts'

// The load generator. It runs in its own process, so that the bench's own work is not measured.

export interface Job {
  readonly host: string
  readonly port: number
  /** Sent one after the other, and again from the first after the last. */
  readonly requests: readonly Outgoing[]
  readonly concurrency: number
  /** The job ends after this many requests, or after this time. */
  readonly count?: number
  readonly limitMs: number
  readonly expect: { readonly status: number; readonly bytes?: number }
  /** Collects a header of the answers, in the order of the requests. */
  readonly collect?: string
}

export interface Result {
  readonly seconds: number
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly collected: string[]
  readonly failures: number
  /** A description of the first unexpected answer. */
  readonly failure?: string
}

/** After this many failures the job ends: further requests would show nothing new. */
const FAILURES = 5

export async function runJob(job: Job): Promise<Result> {
  const latencies: number[] = []
  const collected: string[] = []
  let next = 0
  let failures = 0
  let failure: string | undefined
  const startMs = performance.now()
  const untilMs = startMs + job.limitMs
  const worker = async () => {
    const connection = new Connection(job.host, job.port)
    while ((job.count === undefined || next < job.count) && failures < FAILURES) {
      const index = next++
      const sentMs = performance.now()
      if (sentMs >= untilMs) break
      try {
        const answer = await connection.send(job.requests[index % job.requests.length]!)
        if (answer.status !== job.expect.status || (job.expect.bytes !== undefined && answer.bytes !== job.expect.bytes)) {
          failures++
          failure ??= `${answer.status}, ${answer.bytes} bytes: ${answer.body.toString('utf8', 0, 300)}`
        } else {
          latencies.push(performance.now() - sentMs)
          if (job.collect) collected[index] = headerOf(answer.head, job.collect) ?? ''
        }
      } catch (error) {
        failures++
        failure ??= (error as Error).message
      }
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: job.concurrency }, worker))
  const seconds = (performance.now() - startMs) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN
  return { seconds, count: latencies.length, p50Ms: at(0.5), p99Ms: at(0.99), collected, failures, failure }
}
