"""What this checker does not look at, section by section of FORMAT.md. All of it is printed each time: whoever
reads "holds" reads beside it what that does not say."""

DEFINITIONS = "views, indexes, triggers, functions, sequences, rights, settings, large objects"

# `None`: what the section demands of a hand-over is looked at, or it demands nothing.
OF_SECTION = {
    1: "that all rows were read at one moment: each question is a reading of its own",
    2: f"{DEFINITIONS}; values of generated columns, partitions of rows; materialised views and extensions' tables",
    3: None,
    4: None,
    5: None,
    6: "that the key is the one that this section chooses: it is taken from the plan",
    7: None,
    8: None,
    9: None,
    10: None,
    11: None,
    12: None,
    13: "names of a package that differ in the case of letters only",
    14: "digests of SHA-512: the seal covers the manifest that has them, and SHA-256 the files",
    15: "that stored names are made of the original ones as this section says",
    16: "of contents.jsonl: spelling and order of its lines, folders, links, modes, times, and what was not stored",
    17: "members.jsonl: what archive files list",
    18: "of package.json: sums of deliverables, git, the vendor's checksums, order of keys; text of RECOVERY.md",
    19: "for whom files are encrypted, and how they are compressed",
    20: "bags of other programs",
    21: "of an archive's package.json: reasons, legal basis, keepers of keys, references between tables",
    22: None,
    23: None,
    24: "characters that are Alphabetic and neither letter nor number, or newer than this Python's Unicode",
    25: "that the selected rows are those that the rule means, answers of evidence; lists of a purge before its end",
    26: "of statements: order of keys, keys that are not known; what a deletion reached beside its rows (reach), counts"
        " of rows that nobody finds, residual copies; columns that a restore states",
    27: "keys of small order",
    28: None,
    29: "the order in which approvals were used, and approvals of no purge of this ledger",
    30: "that listed rows give their leaves as long as nothing is deleted; keys of deleted rows one by one",
    31: None,
    32: "programs and their digests, hosts, operators; that the database is at the place of its last move",
    33: "what attestations state of deliverables, minutes, purges, restores, runs, findings, tools and what was not"
        " checked; audits; texts of reports and minutes",
    34: "labels, units and titles of figure sets",
    35: "of certificates: for what their keys may be used (keyUsage, extKeyUsage), which algorithms and lengths of keys"
        " are taken; signing-certificate and signingTime of a signature; names of signers",
}


def tell(report):
    report.heading("8 what this checker does not look at")
    for section, what in OF_SECTION.items():
        if what is not None:
            report.not_checked(f"section {section}: {what}")
