/** What a person needs to make a first request. The secret is not here: terminals are shared and logs are kept. */
export function banner(endpoint: string, accessKeyId: string): string {
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

  Press Ctrl-C to stop.
`
}
