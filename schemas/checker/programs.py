"""Public programs that this checker runs: psql, age, zstd, openssl. Nothing is put into a shell, and no
secret into an argument: psql takes its password from ~/.pgpass, age reads its key from a file."""

import datetime
import os
import subprocess
import tempfile

from report import Damaged

# FORMAT.md section 1: the settings under which rows are read.
PSQL_OPTIONS = (
    "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c extra_float_digits=1 -c bytea_output=hex"
    " -c lc_monetary=C -c row_security=off -c standard_conforming_strings=on"
    " -c default_transaction_read_only=on -c statement_timeout=0 -c lock_timeout=0"
)


def psql_lines(url, query, search_path="pg_catalog"):
    """The lines, each with its LF, that `COPY (query) TO STDOUT` prints."""
    options = f"{PSQL_OPTIONS} -c search_path={search_path}"
    # PGDATESTYLE and PGTZ of the caller would win over PGOPTIONS.
    pinned = {"PGCLIENTENCODING": "UTF8", "PGDATESTYLE": "ISO", "PGTZ": "UTC", "PGOPTIONS": options}
    environment = {**os.environ, **pinned}
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", f"COPY ({query}) TO STDOUT"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment)
        with process.stdout:
            yield from process.stdout
        if process.wait() != 0:
            said.seek(0)
            raise Damaged("psql: " + said.read().decode(errors="replace").strip().split("\n")[0])


def verifies(public_key_pem, message, signature):
    """Whether an Ed25519 signature (RFC 8032) over a message is by this key, as openssl says."""
    with tempfile.TemporaryDirectory() as folder:
        contents = {"key.pem": public_key_pem, "message": message, "signature": signature}
        paths = [written(folder, name, content) for name, content in contents.items()]
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", paths[0], "-rawin", "-in", paths[1]]
        run = subprocess.run(command + ["-sigfile", paths[2]], capture_output=True)
    return run.returncode == 0


def signed_by_certificate(certificate, message, signature, digest, is_pss, is_ed25519):
    """Whether a signature over a message is by the key of a certificate (DER)."""
    public_key = filtered(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], certificate, "a certificate")
    if is_ed25519:
        return verifies(public_key, message, signature)
    options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if is_pss else []
    with tempfile.TemporaryDirectory() as folder:
        key, sig = written(folder, "key.pem", public_key), written(folder, "signature", signature)
        command = ["openssl", "dgst", f"-{digest}", "-verify", key, "-signature", sig, *options]
        return subprocess.run(command, input=message, capture_output=True).returncode == 0


def leads_to(certificate, trusted, others, moment):
    """Whether a path of valid certificates leads from one to the trusted one, or it is that itself. All are DER."""
    at = str(int(datetime.datetime.fromisoformat(moment).timestamp()))
    own, root, *rest = (filtered(["openssl", "x509", "-inform", "DER"], one, "a certificate")
                        for one in [certificate, trusted, *others])
    with tempfile.TemporaryDirectory() as folder:
        texts = {"own.pem": own, "trusted.pem": root, "others.pem": b"".join(rest) or own}
        own, root, rest = (written(folder, name, text) for name, text in texts.items())
        command = ["openssl", "verify", "-partial_chain", "-no-CAfile", "-no-CApath", "-attime", at]
        return subprocess.run([*command, "-trusted", root, "-untrusted", rest, own], capture_output=True).returncode == 0


def written(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def decoded(path, suffix, identity=None):
    """The bytes of a file that is stored with the suffix `.zst`, `.age`, `.zst.age` or none."""
    with open(path, "rb") as file:
        content = file.read()
    if suffix.endswith(".age"):
        content = filtered(["age", "--decrypt", "--identity", identity], content, path)
    if suffix.startswith(".zst"):
        content = filtered(["zstd", "--decompress", "--stdout", "--quiet"], content, path)
    return content


def filtered(command, content, path):
    run = subprocess.run(command, input=content, capture_output=True)
    if run.returncode != 0:
        said = run.stderr.decode(errors="replace").strip().split("\n")[0]
        raise Damaged(f"{path}: {command[0]} does not open it: {said}")
    return run.stdout
