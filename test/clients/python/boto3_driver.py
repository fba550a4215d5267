import base64
from urllib.parse import quote

import boto3
from botocore import xform_name

from driver import serve

s3 = boto3.client('s3')
HEADERS = {
    'contentType': 'ContentType',
    'cacheControl': 'CacheControl',
    'contentDisposition': 'ContentDisposition',
    'contentLanguage': 'ContentLanguage',
    'metadata': 'Metadata',
}


def customer_key(sse_key):
    # boto3 encodes the key itself.
    return {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': base64.b64decode(sse_key)} if sse_key else {}


def put(bucket, key, file, headers={}, if_none_match=None, if_match=None, sse_key=None):
    extra = {HEADERS[name]: value for name, value in headers.items()} | customer_key(sse_key)
    if if_none_match or if_match:
        conditions = {'IfNoneMatch': if_none_match, 'IfMatch': if_match}
        with open(file, 'rb') as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body, **{name: value for name, value in conditions.items() if value}, **extra)
    else:
        s3.upload_file(file, bucket, key, ExtraArgs=extra)


def get(bucket, key, file, range=None, sse_key=None):
    if range is None:
        s3.download_file(bucket, key, file, ExtraArgs=customer_key(sse_key))
        return
    with open(file, 'wb') as target:
        for piece in s3.get_object(Bucket=bucket, Key=key, Range=range)['Body'].iter_chunks():
            target.write(piece)


def head(bucket, key):
    found = s3.head_object(Bucket=bucket, Key=key)
    return {'size': found['ContentLength']} | {name: found[theirs] for name, theirs in HEADERS.items() if theirs in found}


def keys(bucket, prefix=''):
    pages = s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix=prefix)
    return [entry['Key'] for page in pages for entry in page.get('Contents', [])]


def attributes(bucket, key):
    found = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=['ETag', 'ObjectSize', 'ObjectParts'])
    parts = {'partSizes': [part['Size'] for part in found['ObjectParts']['Parts']]} if 'ObjectParts' in found else {}
    return {'etag': found['ETag'], 'size': found['ObjectSize']} | parts


def call(operation, params):
    answer = getattr(s3, xform_name(operation))(**params)
    return {name: value for name, value in answer.items() if name != 'ResponseMetadata'}


def presign_post(bucket, key, most_bytes):
    return s3.generate_presigned_post(bucket, key, Conditions=[['content-length-range', 0, most_bytes]], ExpiresIn=600)


def set_tags(bucket, key, tags):
    s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={'TagSet': [{'Key': name, 'Value': value} for name, value in tags.items()]})


def get_tags(bucket, key):
    return {tag['Key']: tag['Value'] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)['TagSet']}


serve({
    'createBucket': lambda bucket: s3.create_bucket(Bucket=bucket) and None,
    'deleteBucket': lambda bucket: s3.delete_bucket(Bucket=bucket) and None,
    'listBuckets': lambda: [bucket['Name'] for bucket in s3.list_buckets()['Buckets']],
    'put': put,
    'get': get,
    'head': head,
    'list': keys,
    'copy': lambda bucket, key, to: s3.copy({'Bucket': bucket, 'Key': key}, bucket, to),
    'delete': lambda bucket, key: s3.delete_object(Bucket=bucket, Key=key) and None,
    'deleteAll': lambda bucket: boto3.resource('s3').Bucket(bucket).objects.all().delete() and None,
    'attributes': attributes,
    'rename': lambda bucket, key, to: s3.rename_object(Bucket=bucket, Key=to, RenameSource=quote(key)) and None,
    'deleteIf': lambda bucket, key, if_match: s3.delete_object(Bucket=bucket, Key=key, IfMatch=if_match) and None,
    'call': call,
    'presignPost': presign_post,
    'setTags': set_tags,
    'getTags': get_tags,
    'presign': lambda bucket, key, method: s3.generate_presigned_url(f'{method.lower()}_object', {'Bucket': bucket, 'Key': key}, 600),
})
