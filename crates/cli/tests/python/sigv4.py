"""A small SigV4 signer that can be told to sign wrongly.

It exists beside botocore's because the cases need what botocore never does: a date of their choice, a
wrong secret, a header left unsigned, a tampered chunk.
"""
import dataclasses
import datetime
import hashlib
import hmac
import urllib.parse

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"


def now():
    """The time now, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def hex_sha256(data):
    """The payload hash of `data`."""
    return hashlib.sha256(data).hexdigest()


def quote(value):
    """Percent-encoding as SigV4 wants it, slashes included."""
    return urllib.parse.quote(value, safe="-_.~")


@dataclasses.dataclass
class Signer:
    """Signs for one access key at one time."""

    access_key: str
    secret_key: str
    when: datetime.datetime = dataclasses.field(default_factory=now)
    region: str = "us-east-1"
    service: str = "s3"

    @property
    def timestamp(self):
        """The date as `x-amz-date` carries it."""
        return self.when.strftime("%Y%m%dT%H%M%SZ")

    @property
    def scope(self):
        """The credential scope."""
        return f"{self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"

    def sign(self, method, target, headers, payload_hash, unsigned=()):
        """`headers` with the SigV4 headers added; those named in `unsigned` stay out of the signature."""
        headers = {name.lower(): value for name, value in headers.items()}
        headers["x-amz-date"] = self.timestamp
        headers["x-amz-content-sha256"] = payload_hash
        signed = {name: value for name, value in headers.items() if name not in unsigned}
        signature = self._signature(method, target, signed, payload_hash)
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{self.scope}, "
            f"SignedHeaders={';'.join(sorted(signed))}, Signature={signature}"
        )
        return headers

    def presign(self, method, target, headers, expires):
        """`target` with the signature in its query."""
        path, _, query = target.partition("?")
        names = ";".join(sorted(name.lower() for name in headers))
        added = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.access_key}/{self.scope}",
            "X-Amz-Date": self.timestamp,
            "X-Amz-Expires": str(expires),
            "X-Amz-SignedHeaders": names,
        }
        extra = "&".join(f"{quote(name)}={quote(value)}" for name, value in added.items())
        target = f"{path}?{query}&{extra}" if query else f"{path}?{extra}"
        lower = {name.lower(): value for name, value in headers.items()}
        return f"{target}&X-Amz-Signature={self._signature(method, target, lower, UNSIGNED)}"

    def chunk_signature(self, previous, chunk):
        """The signature of one aws-chunked chunk."""
        return self._hmac_of(
            "AWS4-HMAC-SHA256-PAYLOAD",
            self.timestamp, self.scope, previous, EMPTY_SHA256, hex_sha256(chunk),
        )

    def trailer_signature(self, previous, trailer):
        """The signature over the trailing headers, given as `name:value\\n` lines."""
        return self._hmac_of(
            "AWS4-HMAC-SHA256-TRAILER",
            self.timestamp, self.scope, previous, hex_sha256(trailer),
        )

    def _signature(self, method, target, headers, payload_hash):
        request = canonical_request(method, target, headers, payload_hash)
        return self._hmac_of(
            "AWS4-HMAC-SHA256", self.timestamp, self.scope, hex_sha256(request.encode())
        )

    def _hmac_of(self, *lines):
        key = ("AWS4" + self.secret_key).encode()
        for part in self.scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def canonical_request(method, target, headers, payload_hash):
    """The canonical request; `target` is encoded as it goes over the wire."""
    path, _, query = target.partition("?")
    canonical_path = urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/-_.~")
    pairs = []
    for piece in filter(None, query.split("&")):
        name, _, value = piece.partition("=")
        pairs.append(tuple(quote(urllib.parse.unquote_to_bytes(part)) for part in (name, value)))
    canonical_query = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    return "\n".join(
        [method, canonical_path, canonical_query, lines, ";".join(sorted(headers)), payload_hash]
    )


def chunked_body(signer, seed, chunks, trailer=b""):
    """An aws-chunked body with a signature in each chunk, and in the trailer if there is one."""
    body, previous = b"", seed
    for chunk in [*chunks, b""]:
        previous = signer.chunk_signature(previous, chunk)
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk
        body += b"\r\n" if chunk or not trailer else b""
    if trailer:
        last = signer.trailer_signature(previous, trailer + b"\n")
        body += trailer + b"\r\nx-amz-trailer-signature:" + last.encode() + b"\r\n\r\n"
    return body


def unsigned_chunked_body(chunks, trailer):
    """An aws-chunked body without signatures, ended by a trailing checksum."""
    body = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return body + b"0\r\n" + trailer + b"\r\n\r\n"


def seed_signature(headers):
    """The signature of the request itself, from which the chunks' signatures are chained."""
    return headers["authorization"].rpartition("Signature=")[2]
