"""Prints what minio tells of a bucket's configuration: by method, the value or the code of the error."""

import json
import sys

from minio.error import S3Error

from minio_client import client

METHODS = [
    'get_bucket_policy',
    'delete_bucket_policy',
    'get_bucket_notification',
    'get_bucket_versioning',
    'get_bucket_replication',
    'get_bucket_tags',
    'get_object_lock_config',
]


def told(method):
    try:
        value = getattr(client, method)(sys.argv[1])
        return value.status_string if method == 'get_bucket_versioning' else str(value)
    except S3Error as error:
        return error.code


print(json.dumps({method: told(method) for method in METHODS}))
