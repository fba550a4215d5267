import os

import duckdb
from duckdb_extensions import import_extension


def connect():
    """As docs/reference/clients.md sets it up, with the extension from its package."""
    con = duckdb.connect()
    import_extension('httpfs', con=con)
    con.load_extension('httpfs')
    scheme, endpoint = os.environ['AWS_ENDPOINT_URL'].split('://')
    con.execute(
        f"""CREATE SECRET (TYPE s3, ENDPOINT '{endpoint}', URL_STYLE 'path', USE_SSL {scheme == 'https'}, REGION 'auto',
            KEY_ID '{os.environ['AWS_ACCESS_KEY_ID']}', SECRET '{os.environ['AWS_SECRET_ACCESS_KEY']}')"""
    )
    return con
