import { type Column, targetAt } from './column.ts'

/** Any S3 endpoint that is already running: `--peer minio=http://127.0.0.1:9000`, with `MINIO_ACCESS_KEY_ID` and `MINIO_SECRET_ACCESS_KEY`. */
export function external(name: string, url: string): Column {
  const prefix = name.toUpperCase().replace(/\W/g, '_')
  const fromEnv = (suffix: string, fallback: string) => {
    const value = process.env[`${prefix}_${suffix}`] ?? process.env[fallback]
    if (value === undefined) throw new Error(`Set the credentials of ${name} in ${prefix}_${suffix} or ${fallback}.`)
    return value
  }
  return {
    name,
    async start() {
      const accessKeyId = fromEnv('ACCESS_KEY_ID', 'AWS_ACCESS_KEY_ID')
      const secretAccessKey = fromEnv('SECRET_ACCESS_KEY', 'AWS_SECRET_ACCESS_KEY')
      const region = process.env[`${prefix}_REGION`] ?? 'us-east-1'
      return { target: targetAt(url, { accessKeyId, secretAccessKey }, region), stop: async () => {} }
    },
  }
}
