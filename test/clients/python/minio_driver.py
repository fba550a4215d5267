import os
from datetime import datetime, timedelta, timezone

from minio.commonconfig import CopySource, Tags
from minio.datatypes import PostPolicy
from minio.deleteobjects import DeleteObject

from driver import serve
from minio_client import client

HEADERS = {'cacheControl': 'Cache-Control', 'contentDisposition': 'Content-Disposition', 'contentLanguage': 'Content-Language'}


def put(bucket, key, file, headers={}):
    named = {theirs: headers[name] for name, theirs in HEADERS.items() if name in headers} | headers.get('metadata', {})
    content_type = headers.get('contentType', 'application/octet-stream')
    client.fput_object(bucket, key, file, content_type=content_type, metadata=named)


def get(bucket, key, file, range=None):
    if range is None:
        client.fget_object(bucket, key, file)
        return
    response = client.get_object(bucket, key, request_headers={'Range': range})
    with open(file, 'wb') as target:
        for piece in response.stream():
            target.write(piece)
    response.close()
    response.release_conn()


def head(bucket, key):
    found = client.stat_object(bucket, key)
    told = {name: found.metadata[theirs] for name, theirs in HEADERS.items()}
    own = {name[len('x-amz-meta-'):].lower(): value for name, value in found.metadata.items() if name.lower().startswith('x-amz-meta-')}
    return {'size': found.size, 'contentType': found.content_type, 'metadata': own} | told


def keys(bucket, prefix=None):
    return [entry.object_name for entry in client.list_objects(bucket, prefix=prefix, recursive=True)]


def delete_all(bucket):
    errors = list(client.remove_objects(bucket, [DeleteObject(key) for key in keys(bucket)]))
    assert not errors, errors


def presign_post(bucket, key, most_bytes):
    policy = PostPolicy(bucket, datetime.now(timezone.utc) + timedelta(minutes=10))
    policy.add_equals_condition('key', key)
    policy.add_content_length_range_condition(0, most_bytes)
    return {'url': f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}", 'fields': client.presigned_post_policy(policy) | {'key': key}}


def set_tags(bucket, key, tags):
    own = Tags.new_object_tags()
    own.update(tags)
    client.set_object_tags(bucket, key, own)


serve({
    'createBucket': lambda bucket: client.make_bucket(bucket),
    'deleteBucket': lambda bucket: client.remove_bucket(bucket),
    'listBuckets': lambda: [bucket.name for bucket in client.list_buckets()],
    'put': put,
    'get': get,
    'head': head,
    'list': keys,
    'copy': lambda bucket, key, to: client.copy_object(bucket, to, CopySource(bucket, key)) and None,
    'delete': lambda bucket, key: client.remove_object(bucket, key),
    'deleteAll': delete_all,
    'presignPost': presign_post,
    'setTags': set_tags,
    'getTags': lambda bucket, key: dict(client.get_object_tags(bucket, key) or {}),
    'presign': lambda bucket, key, method: client.get_presigned_url(method, bucket, key, expires=timedelta(minutes=10)),
})
