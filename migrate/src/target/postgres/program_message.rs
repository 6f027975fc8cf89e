//! What `pg_dump` and `pg_restore` write on standard error, and what of it may be told.
//!
//! They pass on what the server said, and libpq does not tell them where in the server's source that
//! was made, by which messages of sessions are judged. A dump of a schema reads no row and calls no
//! function of the database, but a server may say anything. So the programs' own lines are told, and
//! of the server's words those few that are wanted most: they are about rights, locks and connections,
//! and begin in a known way. The statement that failed is not told either.

use handover_cli_kit::withheld::{Message, Told};

/// What messages of the server begin with that are told.
const OF_THE_SERVER: &[&str] = &[
    "canceling statement due to ",
    "could not obtain lock on relation ",
    "database \"",
    "must be owner of ",
    "no pg_hba.conf entry for ",
    "out of shared memory",
    "password authentication failed for ",
    "permission denied for ",
    "remaining connection slots are reserved",
    "role \"",
    "sorry, too many clients already",
    "terminating connection due to ",
    "the database system is ",
];

/// What may be told of what `program` wrote on standard error.
pub(super) fn told(program: &str, written: &str) -> Told {
    let mut shown = Vec::new();
    let mut is_whole = true;
    for line in written.trim().lines() {
        let (text, whole) =
            match line.strip_prefix(program).and_then(|rest| rest.strip_prefix(": ")) {
                Some(own) => told_of_line(own),
                None => (None, false),
            };
        shown.extend(text);
        is_whole &= whole;
    }
    if is_whole {
        return Told::openly(shown.join("; "));
    }
    shown.push("the rest may quote values and is not shown".to_owned());
    let message = Message::of(program, String::new(), written.to_owned());
    Told::instead_of(message, shown.join("; "))
}

/// What may be told of one of the program's own lines, and whether that is all of it.
fn told_of_line(line: &str) -> (Option<String>, bool) {
    if line.contains("Query was: ") || line.contains("Command was: ") {
        return (None, false);
    }
    let server = ["ERROR:  ", "FATAL:  "].iter().find_map(|mark| line.split_once(mark));
    match server {
        None => (Some(line.to_owned()), true),
        Some((_, said)) if OF_THE_SERVER.iter().any(|begin| said.starts_with(begin)) => {
            (Some(line.to_owned()), true)
        }
        Some((before, _)) => {
            (Some(format!("{}the server refused it", before.trim_start_matches("error: "))), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn the_programs_own_words_and_few_of_the_servers() {
        for (written, shown) in [
            (
                "pg_dump: error: server version: 18.0; pg_dump version: 15.1\n\
                 pg_dump: detail: aborting because of server version mismatch\n",
                "error: server version: 18.0; pg_dump version: 15.1; detail: aborting because of \
                 server version mismatch",
            ),
            (
                "pg_dump: error: query failed: ERROR:  permission denied for table t\n\
                 pg_dump: detail: Query was: LOCK TABLE public.t IN ACCESS SHARE MODE\n",
                "error: query failed: ERROR:  permission denied for table t; the rest may quote \
                 values and is not shown",
            ),
            (
                "pg_dump: error: query failed: ERROR:  Bệnh\nDETAIL:  Bệnh\npg_dump: detail: Query \
                 was: SELECT 'Bệnh'\nFROM Bệnh",
                "query failed: the server refused it; the rest may quote values and is not shown",
            ),
            ("Bệnh", "the rest may quote values and is not shown"),
        ] {
            assert_eq!(told("pg_dump", written).to_string(), shown);
        }
    }
}
