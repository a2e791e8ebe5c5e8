"""The hop protocol for peers in Python: a Tornado application that listens, and says where."""

import json
import os
import signal
import sys
from importlib.metadata import version

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets


def serve(application, packages):
    """Serves until SIGTERM, or until whoever started it has gone. `packages` are those whose versions to tell."""
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(application).add_sockets(sockets)
    loop = IOLoop.current()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    loop.add_handler(sys.stdin.fileno(), lambda *_: os.read(0, 1024) or os._exit(0), IOLoop.READ)
    told = ["%s %s" % (name, version(name)) for name in packages] + ["Python %d.%d.%d" % sys.version_info[:3]]
    print(json.dumps({"port": sockets[0].getsockname()[1], "version": ", ".join(told)}), flush=True)
    loop.start()
