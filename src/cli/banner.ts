/**
 * Returns everything that a person needs for a first request. It leaves the secret out, because people share terminals and keep logs.
 * `notes` are further lines about this kind of server.
 */
export function banner(endpoint: string, accessKeyId: string, notes: readonly string[] = []): string {
  return `
  Cairn is ready on ${endpoint}

  Endpoint       ${endpoint}
  Region         auto
  Access key id  ${accessKeyId}
  Secrets        npm run -s credentials

  aws CLI

    eval "$(npm run -s credentials)"
    aws s3 mb s3://photos
    aws s3 cp README.md s3://photos/
    aws s3 ls s3://photos

  @aws-sdk/client-s3, in the same shell

    import { S3Client, ListBucketsCommand } from '@aws-sdk/client-s3'

    const s3 = new S3Client({ region: 'auto', endpoint: '${endpoint}', forcePathStyle: true })
    console.log(await s3.send(new ListBucketsCommand()))

${notes.map((note) => `  ${note}\n`).join('')}${notes.length > 0 ? '\n' : ''}  Press Ctrl-C to stop.
`
}
