"""Sends each request of a JSON list on standard input with http.client, and prints the statuses as a JSON list."""
import http.client
import json
import sys


def status(request):
    connection = http.client.HTTPConnection(request["host"], timeout=60)
    try:
        connection.request(request["method"], request["target"], b"x" * request["bytes"], request["headers"])
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError as error:
        return str(error)
    finally:
        connection.close()


json.dump([status(request) for request in json.load(sys.stdin)], sys.stdout)
