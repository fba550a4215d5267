import { type Job, runJob } from './load.ts'

// The process of the load generator: it runs the jobs that its parent sends.

process.on('disconnect', () => process.exit())
process.on('message', async (job: Job) => process.send!(await runJob(job)))
