import os
from urllib.parse import urlparse

from minio import Minio

client = Minio(
    urlparse(os.environ['AWS_ENDPOINT_URL']).netloc,
    access_key=os.environ['AWS_ACCESS_KEY_ID'],
    secret_key=os.environ['AWS_SECRET_ACCESS_KEY'],
    region='auto',
    secure=False,
)
