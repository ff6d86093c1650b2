"""Many connections want one key at the same moment; exactly one may have it."""
import json

from harness import BUCKET, body_of, case, client, equal, run_cases
from sigv4 import hex_sha256
from wire import HOST, connect, object_target, read_answer, request_head, root_signer

S3 = client()
RACERS = 32
LOCK_ROUNDS = 200
STATE_ROUNDS = 50


class Racers:
    """Open connections whose requests arrive together.

    Every request is sent but for its last byte; then the last bytes go out in one tight loop. That is
    closer together than threads can start.
    """

    def __init__(self):
        self.connections = [None] * RACERS

    def race(self, requests):
        """Statuses of the answers to `requests`, in their order."""
        for number, request in enumerate(requests):
            self.connections[number] = self.connections[number] or connect()
            self.connections[number].sendall(request[:-1])
        for connection, request in zip(self.connections, requests):
            connection.sendall(request[-1:])
        return [self._status(number) for number in range(RACERS)]

    def _status(self, number):
        answer = read_answer(self.connections[number], "PUT")
        if answer.headers.get("connection", "").lower() == "close":
            self.connections[number].close()
            self.connections[number] = None
        return answer.status


def put_request(signer, key, body, condition):
    """The bytes of a signed PUT."""
    headers = {"host": HOST, "content-length": str(len(body)), **condition}
    signed = signer.sign("PUT", object_target(key), headers, hex_sha256(body))
    return request_head("PUT", object_target(key), signed) + body


def one_winner(statuses, round_number):
    """The number of the only request that got 200; all others got 412."""
    winners = [number for number, status in enumerate(statuses) if status == 200]
    losers = sum(status == 412 for status in statuses)
    equal((len(winners), losers), (1, RACERS - 1),
          f"winners and losers in round {round_number} ({statuses})")
    return winners[0]


@case
def one_lock_holder_in_every_round():
    racers, key = Racers(), "race/terraform.tfstate.tflock"
    for round_number in range(LOCK_ROUNDS):
        signer = root_signer()
        bodies = [
            json.dumps({"ID": f"{round_number}-{number}", "Who": "racer"}).encode()
            for number in range(RACERS)
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
        bodies = [f"{number}".encode() for number in range(RACERS)]
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
        bodies = [f"{round_number}-{number}".encode() for number in range(RACERS)]
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
