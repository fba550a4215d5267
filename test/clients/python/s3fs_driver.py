import base64

import s3fs
from fsspec.generic import rsync

from driver import serve

HEADERS = {'contentType': 'ContentType', 'cacheControl': 'CacheControl', 'contentDisposition': 'ContentDisposition', 'contentLanguage': 'ContentLanguage'}


def filesystem(sse_key=None):
    key = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': base64.b64decode(sse_key)} if sse_key else {}
    return s3fs.S3FileSystem(s3_additional_kwargs=key, use_listings_cache=False)


fs = filesystem()


def put(bucket, key, file, headers={}, if_none_match=None, if_match=None, sse_key=None):
    extra = {theirs: headers[name] for name, theirs in HEADERS.items() if name in headers}
    if 'metadata' in headers:
        extra['Metadata'] = headers['metadata']
    if if_match:
        extra['IfMatch'] = if_match
    filesystem(sse_key).put_file(file, f'{bucket}/{key}', mode='create' if if_none_match else 'overwrite', **extra)


def get(bucket, key, file, range=None, sse_key=None):
    if range is None:
        filesystem(sse_key).get_file(f'{bucket}/{key}', file)
        return
    first, last = range.removeprefix('bytes=').split('-')
    span = (-int(last), None) if first == '' else (int(first), int(last) + 1 if last else None)
    with open(file, 'wb') as target:
        target.write(fs.cat_file(f'{bucket}/{key}', start=span[0], end=span[1]))


def head(bucket, key):
    path = f'{bucket}/{key}'
    found = fs.info(path)
    return {'size': found['size'], 'contentType': found['ContentType'], 'metadata': fs.metadata(path)}


def keys(bucket, prefix=''):
    return [path.removeprefix(f'{bucket}/') for path in fs.find(f'{bucket}/{prefix}')]


def sync(folder, bucket, direction):
    ends = [f'file://{folder}', f's3://{bucket}']
    rsync(*(ends if direction == 'up' else reversed(ends)), inst_kwargs={'default_method': 'current'})


serve({
    'createBucket': lambda bucket: fs.mkdir(bucket),
    'deleteBucket': lambda bucket: fs.rmdir(bucket),
    'listBuckets': lambda: fs.ls(''),
    'put': put,
    'get': get,
    'head': head,
    'list': keys,
    'copy': lambda bucket, key, to: fs.cp_file(f'{bucket}/{key}', f'{bucket}/{to}'),
    'move': lambda bucket, key, to: fs.mv(f'{bucket}/{key}', f'{bucket}/{to}') and None,
    'delete': lambda bucket, key: fs.rm_file(f'{bucket}/{key}'),
    'deleteAll': lambda bucket: fs.rm(fs.find(bucket)) and None,
    'presign': lambda bucket, key, method: fs.url(f'{bucket}/{key}', expires=600, client_method=f'{method.lower()}_object'),
    'setTags': lambda bucket, key, tags: fs.put_tags(f'{bucket}/{key}', tags) and None,
    'getTags': lambda bucket, key: fs.get_tags(f'{bucket}/{key}'),
    'sync': sync,
})
