"""The loop of a driver program in Python: see openProgram() in harness/program.ts."""

import json
import sys


def serve(verbs):
    """Answers requests until the input ends. `verbs` has a function for each verb, called with the arguments by name."""
    print(json.dumps({'verbs': list(verbs)}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {'ok': verbs[request['verb']](**{camel_to_snake(name): value for name, value in request['args'].items()})}
        except Exception as error:  # Whatever it is, the scenario judges it.
            answer = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(answer), flush=True)


def camel_to_snake(name):
    return ''.join('_' + letter.lower() if letter.isupper() else letter for letter in name)
