"""Takes TLS connections on a free port of loopback and hands their bytes on to a server.

Arguments: host and port of the server, and a directory. The certificate goes into `certificate.pem` there, and the
port, once connections are taken, into `port`.
"""

import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST, PORT, DIRECTORY = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def in_directory(name):
    return os.path.join(DIRECTORY, name)


def make_certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "statelock test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        # A certificate of an authority could not be a server's.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    with open(in_directory("certificate.pem"), "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(in_directory("key.pem"), "wb") as file:
        pem = serialization.Encoding.PEM
        plain = serialization.NoEncryption()
        file.write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def hand_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(connection, context):
    try:
        inside = context.wrap_socket(connection, server_side=True)
        server = socket.create_connection((HOST, PORT))
    except OSError:
        connection.close()
        return
    back = threading.Thread(target=hand_on, args=(server, inside), daemon=True)
    back.start()
    hand_on(inside, server)
    back.join()
    server.close()
    inside.close()


make_certificate()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(in_directory("certificate.pem"), in_directory("key.pem"))
listener = socket.create_server(("127.0.0.1", 0))
with open(in_directory("port.new"), "w") as file:
    file.write(str(listener.getsockname()[1]))
os.rename(in_directory("port.new"), in_directory("port"))
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted, context), daemon=True).start()
