import os

import pyarrow.fs


def filesystem_from_environment():
    """As docs/reference/clients.md sets it up."""
    scheme, endpoint = os.environ['AWS_ENDPOINT_URL'].split('://')
    return pyarrow.fs.S3FileSystem(
        endpoint_override=endpoint, scheme=scheme, region='auto', allow_bucket_creation=True, allow_bucket_deletion=True
    )
