"""A small web service with threads, for bench/record-traces and the programs group.   service.py PORT

Each request parses a document, changes a shared store of sessions and answers with another one. ?level=N sets how many
sessions live, so that the store grows and shrinks with the load.
"""
import collections
import http.server
import json
import random
import sys
import threading
import urllib.parse

store = collections.OrderedDict()
lock = threading.Lock()
source = random.Random(1)


def document(size):
    return {"id": source.randrange(10**9), "name": "visitor %d" % source.randrange(10**6),
            "items": [{"key": "item-%d" % i, "price": source.random(), "tags": ["a%d" % i, "b" * (i % 40)]} for i in range(size)]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart: the body would wait for the client's late acknowledgement

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        level = int(query.get("level", ["8"])[0])
        visit = json.loads(json.dumps(document(source.randrange(1, 60))))
        with lock:
            store[visit["id"]] = visit
            while len(store) > level * 100:
                store.popitem(last=source.random() < 0.3)
            answer = json.dumps({"sessions": len(store), "items": [item["key"] for item in visit["items"]]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
server.serve_forever()
