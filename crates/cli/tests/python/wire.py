"""Requests written to the socket by hand, for what no SDK would send."""
import dataclasses
import http.client
import socket
import urllib.parse
import xml.etree.ElementTree as ElementTree

from harness import BUCKET, ENDPOINT, credentials
from sigv4 import Signer, hex_sha256

ADDRESS = urllib.parse.urlsplit(ENDPOINT)
HOST = ADDRESS.netloc
SOCKET_TIMEOUT_SECONDS = 30


@dataclasses.dataclass
class Answer:
    """One HTTP answer; header names are in lower case."""

    status: int
    headers: dict
    body: bytes


def connect():
    """A socket to the server."""
    return socket.create_connection((ADDRESS.hostname, ADDRESS.port), SOCKET_TIMEOUT_SECONDS)


def read_answer(connection, method="GET"):
    """Reads one answer, over any `100 Continue` before it."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def request_head(method, target, headers):
    """The bytes of request line and headers."""
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def send(method, target, headers, body=b""):
    """Sends exactly these headers (Content-Length added unless the body has another framing)."""
    headers = {name.lower(): value for name, value in headers.items()}
    headers.setdefault("host", HOST)
    if "transfer-encoding" not in headers:
        headers.setdefault("content-length", str(len(body)))
    with connect() as connection:
        connection.sendall(request_head(method, target, headers))
        try:
            connection.sendall(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has answered already and reads no more
        return read_answer(connection, method)


def root_signer(**settings):
    """A signer with the server's own credentials."""
    access_key, secret_key = credentials()
    return Signer(access_key, secret_key, **settings)


def signed(method, target, headers=None, body=b"", signer=None, payload_hash=None, unsigned=()):
    """Signs (rightly, unless told otherwise) and sends."""
    headers = {"host": HOST, **(headers or {})}
    signer = signer or root_signer()
    payload_hash = payload_hash or hex_sha256(body)
    return send(method, target, signer.sign(method, target, headers, payload_hash, unsigned), body)


def object_target(key, bucket=BUCKET):
    """The request target of an object, path style."""
    return f"/{bucket}/{urllib.parse.quote(key, safe='/-_.~')}"


def expect_error(answer, status, code):
    """The answer is an S3 error: XML with Code, Message and RequestId, and the request id header."""
    got_code, message, request_id = error_fields(answer)
    got = (answer.status, got_code)
    wanted = code if isinstance(code, tuple) else (code,)
    assert answer.status == status and got_code in wanted, (
        f"answered {got}, not {(status, code)}: {answer.body[:300]!r}"
    )
    assert message, f"no Message in {answer.body!r}"
    assert request_id, f"no RequestId in {answer.body!r}"
    assert answer.headers.get("x-amz-request-id"), f"no x-amz-request-id in {answer.headers}"


def error_fields(answer):
    """Code, Message and RequestId of an error body."""
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError as error:
        raise AssertionError(
            f"{answer.status} with a body that is not XML: {answer.body[:300]!r}"
        ) from error
    if root.tag != "Error":
        raise AssertionError(f"{answer.status} with <{root.tag}>: {answer.body[:300]!r}")
    return tuple(root.findtext(name) for name in ("Code", "Message", "RequestId"))


def expect_ok(answer, status=200):
    """The answer has the status of success."""
    assert answer.status == status, f"answered {answer.status}: {answer.body[:300]!r}"
    return answer
