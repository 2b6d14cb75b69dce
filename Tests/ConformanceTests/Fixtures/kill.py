#!/usr/bin/env python3
"""Writes to an API server from several threads, kills it with SIGKILL, starts it again and looks for what it acknowledged.

  kill.py BINARY DIRECTORY ROUNDS
"""
import http.client, json, os, signal, ssl, subprocess, sys, threading, time

binary, directory, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
tokens = os.path.join(directory, "tokens.csv")
open(tokens, "w").write('secret,admin,admin,"system:masters"\n')
context = ssl._create_unverified_context()


def start():
    process = subprocess.Popen(
        [binary, "apiserver", "--data", os.path.join(directory, "data"), "--port", "0", "--token-file", tokens],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if line.startswith("listening at "):
            return process, int(line.strip().rsplit(":", 1)[1])
    raise SystemExit("the server did not start")


def call(connection, method, path, body=None):
    connection.request(method, path, json.dumps(body) if body else None,
                       {"Authorization": "Bearer secret", "Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


acknowledged = {}
for number in range(rounds):
    process, port = start()

    def work(worker):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        serial = 0
        try:
            while True:
                name = "r%d-w%d-%d" % (number, worker, serial)
                serial += 1
                status, body = call(connection, "POST", "/api/v1/namespaces/default/configmaps",
                                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
                if status == 201:
                    acknowledged[name] = body["metadata"]["resourceVersion"]
        except (OSError, http.client.HTTPException, ValueError):
            pass

    threads = [threading.Thread(target=work, args=(w,)) for w in range(8)]
    for thread in threads:
        thread.start()
    # In the midst of the load: a while after the first writes were acknowledged, each round at another point.
    goal, deadline = len(acknowledged) + 200 + 37 * number, time.monotonic() + 30
    while len(acknowledged) < goal and time.monotonic() < deadline:
        threads[0].join(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for thread in threads:
        thread.join()

process, port = start()
status, body = call(http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context), "GET",
                    "/api/v1/namespaces/default/configmaps")
process.terminate()
process.wait()
found = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in body["items"]}
lost = [name for name, version in acknowledged.items() if found.get(name) != version]
if lost or not acknowledged:
    raise SystemExit("lost %d of %d: %s" % (len(lost), len(acknowledged), lost[:5]))
print("nothing lost: %d objects over %d kills" % (len(acknowledged), rounds))
