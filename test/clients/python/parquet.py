"""parquet.py LIBRARY write BUCKET KEY ROWS, or LIBRARY read BUCKET KEY FIRST: prints the sum of the numbers from FIRST on."""

import json
import os
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

library, verb, bucket, key, number = sys.argv[1:]
number = int(number)


def filesystem():
    if library == 's3fs':
        import s3fs

        return s3fs.S3FileSystem()
    from arrow import filesystem_from_environment

    return filesystem_from_environment()


def table(rows):
    numbers = pa.array(range(rows))
    noise = pa.array([os.urandom(16) for _ in range(rows)])
    return pa.table({'number': numbers, 'noise': noise})


def with_duckdb():
    from duck import connect

    con = connect()
    url = f's3://{bucket}/{key}'
    if verb == 'write':
        options = f'FORMAT parquet, ROW_GROUP_SIZE {number // 10}'
        con.execute(f"COPY (SELECT range AS number, uuid() AS noise FROM range({number})) TO '{url}' ({options})")
        return None
    return int(con.execute(f"SELECT sum(number) FROM '{url}' WHERE number >= {number}").fetchone()[0])


def with_arrow():
    if verb == 'write':
        pq.write_table(table(number), f'{bucket}/{key}', filesystem=filesystem(), row_group_size=number // 10)
        return None
    filters = [('number', '>=', number)]
    return pc.sum(pq.read_table(f'{bucket}/{key}', filesystem=filesystem(), columns=['number'], filters=filters)['number']).as_py()


print(json.dumps(with_duckdb() if library == 'duckdb' else with_arrow()))
