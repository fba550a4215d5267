from pyarrow import fs

from arrow import filesystem_from_environment
from driver import serve

s3 = filesystem_from_environment()
local = fs.LocalFileSystem()


def put(bucket, key, file):
    fs.copy_files(file, f'{bucket}/{key}', source_filesystem=local, destination_filesystem=s3)


def get(bucket, key, file, range=None):
    if range is None:
        fs.copy_files(f'{bucket}/{key}', file, source_filesystem=s3, destination_filesystem=local)
        return
    first, last = range.removeprefix('bytes=').split('-')
    with s3.open_input_file(f'{bucket}/{key}') as source, open(file, 'wb') as target:
        size = source.size()
        start = size - int(last) if first == '' else int(first)
        target.write(source.read_at((int(last) + 1 if first and last else size) - start, start))


def files(folder):
    return [info.path for info in s3.get_file_info(fs.FileSelector(folder, recursive=True)) if info.type == fs.FileType.File]


def keys(bucket, prefix=''):
    return [path.removeprefix(f'{bucket}/') for path in files(f'{bucket}/{prefix}'.rstrip('/'))]


serve({
    'createBucket': lambda bucket: s3.create_dir(bucket),
    'deleteBucket': lambda bucket: s3.delete_dir(bucket),
    'listBuckets': lambda: [info.path for info in s3.get_file_info(fs.FileSelector(''))],
    'put': put,
    'get': get,
    'list': keys,
    'copy': lambda bucket, key, to: s3.copy_file(f'{bucket}/{key}', f'{bucket}/{to}'),
    'move': lambda bucket, key, to: s3.move(f'{bucket}/{key}', f'{bucket}/{to}'),
    'delete': lambda bucket, key: s3.delete_file(f'{bucket}/{key}'),
    'deleteAll': lambda bucket: s3.delete_dir_contents(bucket),
})
