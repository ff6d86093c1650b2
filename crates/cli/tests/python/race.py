"""Many connections want one key at the same moment; exactly one may have it."""
import http.client
import json
import threading

from harness import BUCKET, body_of, case, client, equal, run_cases
from wire import ADDRESS, HOST, SOCKET_TIMEOUT_SECONDS, object_target, root_signer
from sigv4 import hex_sha256

S3 = client()
THREADS = 32
LOCK_ROUNDS = 200
STATE_ROUNDS = 50


class Racers:
    """Threads with one open connection each, which send their requests together."""

    def __init__(self):
        self.barrier = threading.Barrier(THREADS)
        self.connections = [
            http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=SOCKET_TIMEOUT_SECONDS)
            for _ in range(THREADS)
        ]

    def race(self, requests):
        """Statuses of all answers to `requests`: (method, target, headers, body) each."""
        statuses = [None] * THREADS
        threads = [
            threading.Thread(target=self._run, args=(number, request, statuses))
            for number, request in enumerate(requests)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return statuses

    def _run(self, number, request, statuses):
        method, target, headers, body = request
        connection = self.connections[number]
        if connection.sock is None:
            connection.connect()
        self.barrier.wait(SOCKET_TIMEOUT_SECONDS)
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        response.read()
        statuses[number] = response.status


def put_request(signer, key, body, condition):
    """A signed PUT, ready to go."""
    headers = {"host": HOST, **condition}
    signed = signer.sign("PUT", object_target(key), headers, hex_sha256(body))
    return "PUT", object_target(key), signed, body


def one_winner(statuses, round_number):
    """The number of the only thread that got 200; all others got 412."""
    winners = [number for number, status in enumerate(statuses) if status == 200]
    losers = sum(status == 412 for status in statuses)
    equal((len(winners), losers), (1, THREADS - 1),
          f"winners and losers in round {round_number} ({statuses})")
    return winners[0]


@case
def one_lock_holder_in_every_round():
    racers, key = Racers(), "race/terraform.tfstate.tflock"
    for round_number in range(LOCK_ROUNDS):
        signer = root_signer()
        bodies = [
            json.dumps({"ID": f"{round_number}-{number}", "Who": "racer"}).encode()
            for number in range(THREADS)
        ]
        winner = one_winner(
            racers.race([put_request(signer, key, body, {"if-none-match": "*"}) for body in bodies]),
            round_number)
        equal(body_of(S3, BUCKET, key), bodies[winner], f"lock info in round {round_number}")
        S3.delete_object(Bucket=BUCKET, Key=key)
    left = S3.list_object_versions(Bucket=BUCKET, Prefix=key)
    assert not left.get("Versions") and not left.get("DeleteMarkers"), "locks left versions"


@case
def one_creator_of_a_state():
    racers = Racers()
    for round_number in range(STATE_ROUNDS):
        signer, key = root_signer(), f"race/new/{round_number}"
        bodies = [f"{number}".encode() for number in range(THREADS)]
        winner = one_winner(
            racers.race([put_request(signer, key, body, {"if-none-match": "*"}) for body in bodies]),
            round_number)
        equal(body_of(S3, BUCKET, key), bodies[winner], f"body in round {round_number}")


@case
def one_successor_of_a_state():
    racers, key = Racers(), "race/state"
    etag = S3.put_object(Bucket=BUCKET, Key=key, Body=b"0")["ETag"]
    for round_number in range(STATE_ROUNDS):
        signer = root_signer()
        bodies = [f"{round_number}-{number}".encode() for number in range(THREADS)]
        winner = one_winner(
            racers.race([put_request(signer, key, body, {"if-match": etag}) for body in bodies]),
            round_number)
        got = S3.get_object(Bucket=BUCKET, Key=key)
        equal(got["Body"].read(), bodies[winner], f"body in round {round_number}")
        etag = got["ETag"]
    versions = sum(
        len(page.get("Versions", [])) for page in
        S3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=key))
    equal(versions, STATE_ROUNDS + 1, "versions: one for each winner")


run_cases()
