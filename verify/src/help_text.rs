//! What stands below the options: examples, and where to read on. A line that ends with a colon and
//! is not indented is a heading of the manual page.

/// Below the help of the program.
pub(crate) const PROGRAM: &str = "\
Examples:
  Are both databases the same, row by row?
    handover-verify tables --handover /srv/handover
  Is a package whole, and the one whose seal stands in the minutes?
    handover-verify package /srv/handover/packages/portal --seal SEAL
  Was only deleted what was archived and approved?
    handover-verify purge --handover /srv/handover --identity escrow.age
  Everything at once, with the head of the ledger from paper:
    handover-verify all --handover /srv/handover --head HEAD --identity escrow.age
  Who signed this?
    handover-verify envelope certificate.dsse.json --trust trust.toml

Where to read on:
  handover-verify COMMAND --help       what a command checks, and its options
  handover-verify manual --out DIR     all of that as manual pages
  runbooks/README.md                   one page for each job, in Vietnamese and English
  schemas/FORMAT.md                    what digests, packages and signatures are made of
";

/// Below the help of `tables`.
pub(crate) const TABLES: &str = "\
Examples:
  The databases are those of /srv/handover/handover.toml:
    handover-verify tables --handover /srv/handover
  With the commands of psql and sha256sum that give the same digests:
    handover-verify tables --handover /srv/handover --explain
  The lines \"not checked\" belong to the verdict: read them.
  runbooks/02-copy-and-verify.md
";

/// Below the help of `package`.
pub(crate) const PACKAGE: &str = "\
Examples:
  Against the seal that the ledger knows, or that stands on paper:
    handover-verify package packages/portal --handover /srv/handover
    handover-verify package packages/portal --seal SEAL
  runbooks/03-receiving-deliverables.md
";

/// Below the help of `purge`.
pub(crate) const PURGE: &str = "\
Examples:
  Without a key: list, approvals, ledger, certificate and database:
    handover-verify purge --handover /srv/handover
  With one, every archived row too:
    handover-verify purge --handover /srv/handover --identity escrow.age
  runbooks/04-purge.md
";

/// Below the help of `record`.
pub(crate) const RECORD: &str = "\
Examples:
  handover-verify record --proof 17.tlog-proof --record 17.record.json --trust trust.toml
  runbooks/05-restoring-a-person.md
";

/// Below the help of `envelope`.
pub(crate) const ENVELOPE: &str = "\
Examples:
  Who signed, and the commands of openssl that say the same:
    handover-verify envelope certificate.dsse.json --trust trust.toml --explain
  runbooks/09-recovery-without-this-program.md
";

/// Below the help of `figures`.
pub(crate) const FIGURES: &str = "\
Examples:
  Do the public reports add up?
    handover-verify figures
  The sets and databases of /srv/handover/handover.toml:
    handover-verify figures --handover /srv/handover
  A set of one's own, against a database; its form is in schemas/FORMAT.md, section 34:
    handover-verify figures --set report.toml --source postgres://reader@vendor/platform
  Queries are limited by the rights of the account too: give one that may read and nothing else.
";

/// Below the help of `completions`.
pub(crate) const COMPLETIONS: &str = "\
Examples:
  handover-verify completions bash > ~/.local/share/bash-completion/completions/handover-verify
  handover-verify completions fish > ~/.config/fish/completions/handover-verify.fish
  In zsh, into a folder that $fpath names:
    handover-verify completions zsh > ~/.zfunc/_handover-verify
";

/// Below the help of `all`.
pub(crate) const ALL: &str = "\
Examples:
  Everything, with both databases and the head of the ledger from paper:
    handover-verify all --handover /srv/handover --head HEAD --identity escrow.age
  On a machine of one's own, without a database:
    handover-verify all --handover /srv/handover --offline --trust trust.toml --head HEAD
  The lines \"not checked\" belong to the verdict: read them.
  runbooks/08-auditing-from-zero.md
";

/// Below the help of `ledger`.
pub(crate) const LEDGER: &str = "\
Examples:
  handover-verify ledger --handover /srv/handover --head HEAD
  runbooks/08-auditing-from-zero.md
";

/// Below the help of `attestation`.
pub(crate) const ATTESTATION: &str = "\
Examples:
  Signatures alone, then also what it says:
    handover-verify attestation 0001.dsse.json --trust trust.toml
    handover-verify attestation 0001.dsse.json --trust trust.toml --handover /srv/handover
  runbooks/08-auditing-from-zero.md
";
