"""The five checksums of S3, in base64, computed without the SDK's native library."""
import base64
import hashlib
import zlib


def _table(polynomial):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    return table


_CRC32C = _table(0x82F63B78)
_CRC64NVME = _table(0x9A6C9329AC4BC9B5)


def _crc(table, ones, data):
    value = ones
    for byte in data:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return value ^ ones


def raw(algorithm, data):
    """The checksum's bytes."""
    if algorithm in ("SHA1", "SHA256"):
        return hashlib.new(algorithm.lower(), data).digest()
    if algorithm == "CRC32":
        return zlib.crc32(data).to_bytes(4, "big")
    if algorithm == "CRC32C":
        return _crc(_CRC32C, 2**32 - 1, data).to_bytes(4, "big")
    if algorithm == "CRC64NVME":
        return _crc(_CRC64NVME, 2**64 - 1, data).to_bytes(8, "big")
    raise ValueError(algorithm)


def checksum(algorithm, data):
    """The checksum as a header carries it."""
    return base64.b64encode(raw(algorithm, data)).decode()


def header(algorithm):
    """The header's name."""
    return f"x-amz-checksum-{algorithm.lower()}"


ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")

# The published check values, so that a wrong table cannot pass for a wrong server.
assert raw("CRC32C", b"123456789").hex() == "e3069283"
assert raw("CRC64NVME", b"123456789").hex() == "ae8b14860a799888"
