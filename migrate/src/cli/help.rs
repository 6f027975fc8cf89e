//! What stands below the options: the order of the work, and examples. A line that ends with a colon
//! and is not indented is a heading of the manual page.

/// Below the help of the program.
pub(super) const PROGRAM: &str = "\
The order of the work:
  init                      write handover.toml, then fill it in
  copy                      the database; the same command after any interruption
  handover-verify tables    the auditor: both databases, row by row
  artifacts                 source code, installers, documents, files, into packages
  handover-verify package   the auditor: a package, and its seal
  keygen, evidence          keys; what the population database answered
  purge select, backup, approve (two people), execute, certify
  handover-verify purge     the auditor: archive, signatures, certificate, database
  find, restore, prove      when somebody comes back
  attest, report            what was done, stated and signed; a report for people
  handover-minutes          the minutes of the hand-over, as a PDF
  handover-verify all       the auditor: everything at once
  moved                     when a database was upgraded, restored elsewhere or renamed
  status                    at any time: what was done so far

Examples:
  Try everything on a platform of our own, in the folder rehearsal/:
    handover-migrate rehearse
  Begin a hand-over, and copy the database:
    handover-migrate init --handover /srv/handover \\
        --source postgres://reader@vendor/db --target postgres://owner@ministry/db
    handover-migrate copy --handover /srv/handover
  See how far it is:
    handover-migrate status --handover /srv/handover

Where to read on:
  handover-migrate COMMAND --help       what a command does, and its options
  handover-migrate manual --out DIR     all of that as manual pages
  runbooks/README.md                    one page for each job, in Vietnamese and English
";

/// Below the help of `init`.
pub(super) const INIT: &str = "\
Examples:
  handover-migrate init --handover /srv/handover
  The file has comments. Next: fill it in, then handover-migrate copy.
  runbooks/01-prepare.md, runbooks/03-receiving-deliverables.md
";

/// Below the help of `copy`.
pub(super) const COPY: &str = "\
Examples:
  The databases are those of /srv/handover/handover.toml:
    handover-migrate copy --handover /srv/handover
  At most 20 MiB a second are read from the vendor, over two connections:
    handover-migrate copy --handover /srv/handover --max-rate 20M --jobs 2
  Interrupted? The same command goes on. Finished? It says what changed since.
  Next: handover-verify tables. runbooks/02-copy-and-verify.md
";

/// Below the help of `artifacts`.
pub(super) const ARTIFACTS: &str = "\
Examples:
  handover-migrate artifacts --handover /srv/handover
  Something came later:
    handover-migrate artifacts --handover /srv/handover --component portal --renew
  Next: handover-verify package. runbooks/03-receiving-deliverables.md
";

/// Below the help of `evidence`.
pub(super) const EVIDENCE: &str = "\
Examples:
  handover-migrate evidence --handover /srv/handover --name population_database \\
      --signer 'C06, 2022-09-20' --file results.csv --signature results.csv.p7s --sender c06.pem
  Without a signature, compare the digest with the sender's letter before anybody approves:
    handover-migrate evidence --handover /srv/handover --name population_database \\
        --signer 'C06, 2022-09-20' --file results.csv
  handover-migrate evidence --handover /srv/handover --list
  Next: handover-migrate purge select. runbooks/04-purge.md
";

/// Below the help of `purge`.
pub(super) const PURGE: &str = "\
The order of the work:
  select, backup, approve (two people, one after the other), execute, certify
  handover-verify purge can be run after each of them, and says what holds.

Examples:
  handover-migrate purge select  --handover /srv/handover
  handover-migrate purge backup  --handover /srv/handover --identity escrow.age
  handover-migrate purge try     --handover /srv/handover --target postgres://operator@db/vaccination
  handover-migrate purge approve --handover /srv/handover --show
  handover-migrate purge approve --handover /srv/handover --key owner.pem
  handover-migrate purge execute --handover /srv/handover --key operator.pem
  handover-migrate purge certify --handover /srv/handover --key operator.pem
  One that has begun and cannot go on:
  handover-migrate purge close   --handover /srv/handover --key owner.pem --reason 'why'
  runbooks/04-purge.md
";

/// Below the help of `find`.
pub(super) const FIND: &str = "\
Examples:
  The number is typed on standard input, so that nobody else on the machine reads it:
    handover-migrate find --handover /srv/handover --identity ministry.age --phone -
  runbooks/05-restoring-a-person.md
";

/// Below the help of `restore`.
pub(super) const RESTORE: &str = "\
Examples:
  What would be done:
    handover-migrate restore --handover /srv/handover --identity ministry.age \\
        --table public.subjects --record-key 17 --person
  Do it: the same, and
        --apply --key operator.pem --reason 'verified, letter 12/CV-BYT'
  runbooks/05-restoring-a-person.md
";

/// Below the help of `moved`.
pub(super) const MOVED: &str = "\
Copies, approvals and archives are bound to a database at its place: server, name and number. After
an upgrade or a restored dump they are found again once an operator says that it is the same one.
The database that was left behind is refused from then on.

Examples:
  The ministry's database was upgraded, or restored from a dump:
    handover-migrate moved target --handover /srv/handover --target postgres://h@new/vaccination \\
        --key operator.pem --reason 'PostgreSQL 18, work order 31'
  The vendor's database was upgraded while it is copied:
    handover-migrate moved source --handover /srv/handover --key operator.pem --reason 'letter 7/NCC'
  runbooks/10-disaster-of-the-target.md
";

/// Below the help of `prove`.
pub(super) const PROVE: &str = "\
Examples:
  handover-migrate prove --handover /srv/handover --identity ministry.age \\
      --table public.subjects --record-key 17 --out proofs/17
  Next: handover-verify record. runbooks/05-restoring-a-person.md
";

/// Below the help of `status`.
pub(super) const STATUS: &str = "\
Examples:
  handover-migrate status --handover /srv/handover
  handover-migrate status --target postgres://owner@ministry/db --json
";

/// Below the help of `keygen`.
pub(super) const KEYGEN: &str = "\
Examples:
  On the machine of the person whose key it will be:
    handover-migrate keygen signing --out owner.pem --person nguyen-thi-hanh \\
        --name 'Nguyễn Thị Hạnh' --organisation 'Cục Phòng bệnh' --role data_owner
    handover-migrate keygen archive --out escrow.age
  runbooks/06-key-ceremony-and-loss.md
";

/// Below the help of `rehearse`.
pub(super) const REHEARSE: &str = "\
Examples:
  handover-migrate rehearse
  handover-migrate rehearse --dir /tmp/small --doses 20000
  It needs git and handover-verify; no server and no network.
";

/// Below the help of `completions`.
pub(super) const COMPLETIONS: &str = "\
Examples:
  handover-migrate completions bash > ~/.local/share/bash-completion/completions/handover-migrate
  handover-migrate completions fish > ~/.config/fish/completions/handover-migrate.fish
  In zsh, into a folder that $fpath names:
    handover-migrate completions zsh > ~/.zfunc/_handover-migrate
";

/// Below the help of `attest`.
pub(super) const ATTEST: &str = "\
The order of the work:
  attest --key            state what the ledger knows, and sign it for one side
  attest --sign FILE      the other side, and a witness: each adds a signature
  report                  one HTML file for people
  handover-minutes        the minutes, as a PDF
  attest --close          bind report and minutes to the attestation
  handover-verify all     the auditor

Examples:
  handover-migrate attest --handover /srv/handover --key receiving.pem
  handover-migrate attest --handover /srv/handover --key giving.pem \\
      --sign /srv/handover/attestations/0001.dsse.json
  handover-migrate attest --handover /srv/handover --key receiving.pem --close
  Write the line \"head\" down on paper: auditors ask for it.
  runbooks/07-attest-and-sign.md
";

/// Below the help of `report`.
pub(super) const REPORT: &str = "\
Examples:
  handover-migrate report --handover /srv/handover
  handover-migrate report --handover /srv/handover --csv tables/
  Next: handover-minutes, then handover-migrate attest --close.
  runbooks/07-attest-and-sign.md
";
