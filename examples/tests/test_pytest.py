"""Runs Cairn through its command line for a test session. npx would not pass the signal at the end on to the server."""

import os
import subprocess
import time
from pathlib import Path

import boto3
import pytest


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cairn")
    ready = folder / "ready"
    env = {**os.environ, "PERSIST_TO": str(folder / "state"), "DEV_VARS": str(folder / "dev.vars"), "PORT": "0"}
    server = subprocess.Popen(["node_modules/.bin/cairn", "serve", "--ready-file", str(ready)], env=env)
    try:
        limit = time.monotonic() + 90
        while not ready.exists():
            assert server.poll() is None and time.monotonic() < limit, "Cairn did not start"
            time.sleep(0.1)
        lines = subprocess.check_output(["node_modules/.bin/cairn", "credentials"], env=env, text=True).splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        yield boto3.client(
            "s3",
            endpoint_url=values["AWS_ENDPOINT_URL"],
            region_name="auto",
            aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        )
    finally:
        server.terminate()
        server.wait()
        assert not Path(ready).exists()


def test_stores_an_object(s3):
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="hello.txt", Body=b"Hello")
    assert s3.get_object(Bucket="photos", Key="hello.txt")["Body"].read() == b"Hello"
