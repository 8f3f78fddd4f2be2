#!/usr/bin/python3
"""Flask's own routing, for t/differential.t: answers which of the operations it read.

The argument is the operations, as JSON: [ [ method, template, operationId ], ... ].
"""

import functools
import json
import os
import sys
import threading

import waitress
from flask import Flask, jsonify, request
from werkzeug.routing import Map


class Router(Flask):
    # A double slash is no interface, and never a redirect to one.
    # Static, as Python 3.14 would make a method of it.
    url_map_class = staticmethod(functools.partial(Map, merge_slashes=False))


app = Router(__name__, static_folder=None)
app.json.ensure_ascii = True


def answer(read, parameters):
    decided = request.headers.get("X-EIAM-Operation")
    return jsonify(read=read, decided=decided, parameters=parameters, query=request.args.to_dict(flat=False))


for number, (method, template, read) in enumerate(json.loads(sys.argv[1])):
    rule = template.replace("{", "<").replace("}", ">")
    app.add_url_rule(rule, str(number), methods=[method],
                     view_func=functools.partial(lambda read, **parameters: answer(read, parameters), read))


@app.errorhandler(404)
@app.errorhandler(405)
def unread(error):
    return answer("", {})


def end():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end, daemon=True).start()
server = waitress.create_server(app, host="127.0.0.1", port=0, threads=2)
print("ready", server.effective_port, flush=True)
server.run()
