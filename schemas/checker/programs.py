"""Public programs that this checker runs: psql, age, zstd, openssl. Nothing is put into a shell, and no
secret into an argument: psql takes its password from ~/.pgpass, age reads its key from a file."""

import os
import subprocess
import tempfile

from report import Damaged

# FORMAT.md section 1: the settings under which rows are read.
PSQL_OPTIONS = (
    "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c extra_float_digits=1 -c bytea_output=hex"
    " -c lc_monetary=C -c row_security=off -c search_path=pg_catalog -c standard_conforming_strings=on"
    " -c default_transaction_read_only=on -c statement_timeout=0 -c lock_timeout=0"
)


def psql_lines(url, query):
    """The lines, each with its LF, that `COPY (query) TO STDOUT` prints."""
    # PGDATESTYLE and PGTZ of the caller would win over PGOPTIONS.
    pinned = {"PGCLIENTENCODING": "UTF8", "PGDATESTYLE": "ISO", "PGTZ": "UTC", "PGOPTIONS": PSQL_OPTIONS}
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
        paths = [os.path.join(folder, name) for name in ("key.pem", "message", "signature")]
        for path, content in zip(paths, [public_key_pem, message, signature]):
            with open(path, "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", paths[0], "-rawin", "-in", paths[1]]
        run = subprocess.run(command + ["-sigfile", paths[2]], capture_output=True)
    return run.returncode == 0


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
