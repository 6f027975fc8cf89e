//! What the server says when it refuses something, and what of it may be told.
//!
//! The text of a message may quote people's values, and nobody can see that from its SQLSTATE: a
//! function raises any text with any code (`RAISE … USING ERRCODE`), and the fields for a table, a
//! column or a constraint as well. What a function cannot choose is where in the server's own source
//! the message was made: the fields F and R of the protocol ("Error and Notice Message Fields"). A
//! message is therefore told only if it comes from one of the places that are listed here, with one of
//! the codes listed beside them. The list is derived from the sources of PostgreSQL 15: every
//! `ereport` of these files with these codes makes its text of names of the catalog, of numbers, of
//! the server's own files or of nothing. Other releases have the same files; a place that one of them
//! moved is not told, and nothing worse.
//!
//! Everything else is told by condition and place, and kept for the findings folder.

use handover_cli_kit::withheld::{Message, Told};

use super::condition;

/// A message of the server with the fields that matter here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerMessage<'a> {
    /// SQLSTATE (C).
    pub(super) code: &'a str,
    /// Primary message (M).
    pub(super) text: &'a str,
    /// Detail (D).
    pub(super) detail: Option<&'a str>,
    /// Hint (H).
    pub(super) hint: Option<&'a str>,
    /// What was going on, innermost first (W).
    pub(super) context: Option<&'a str>,
    /// Whether it has a position in the statement that was sent (P).
    pub(super) has_position: bool,
    /// The statement of a function in which it has a position (q).
    pub(super) internal_query: Option<&'a str>,
    /// Schema (s).
    pub(super) schema: Option<&'a str>,
    /// Table (t).
    pub(super) table: Option<&'a str>,
    /// Column (c).
    pub(super) column: Option<&'a str>,
    /// Constraint (n).
    pub(super) constraint: Option<&'a str>,
    /// File of the server's source (F).
    pub(super) file: Option<&'a str>,
    /// Function of the server's source (R).
    pub(super) routine: Option<&'a str>,
}

/// When a message of a place may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Its text has no word of a statement or of a row.
    Always,
    /// Its text has names of the statement, and a function builds statements of values: only while no
    /// function is running.
    OutsideFunctions,
    /// The same, and the server also does this work for functions that leave no context (a text cast
    /// to `regtype`): only with a position in the statement that was sent.
    InOurStatement,
}

/// Places in the server's source whose messages are told.
struct Place {
    files: &'static [&'static str],
    /// Codes, or what they begin with.
    codes: &'static [&'static str],
    when: When,
}

const PLACES: &[Place] = &[
    // Before anything runs: the account, the database, the rules of pg_hba.conf.
    Place {
        files: &[
            "auth.c",
            "auth-scram.c",
            "auth-sasl.c",
            "crypt.c",
            "postinit.c",
            "miscinit.c",
            "postmaster.c",
            "backend_startup.c",
            "proc.c",
        ],
        codes: &["28", "3D000", "42501", "53300", "55000", "57P03"],
        when: When::Always,
    },
    // Rights: the name of an object that exists. Owners' and superusers' rights to commands.
    Place {
        files: &[
            "aclchk.c",
            "rls.c",
            "event_trigger.c",
            "functioncmds.c",
            "typecmds.c",
            "tablecmds.c",
            "extension.c",
            "foreigncmds.c",
            "opclasscmds.c",
            "heap.c",
            "user.c",
        ],
        codes: &["42501"],
        when: When::Always,
    },
    // Somebody or something ended the statement; no word of it is in these.
    Place {
        files: &["postgres.c", "deadlock.c", "lock.c", "lmgr.c", "predicate.c", "heapam.c"],
        codes: &["25P", "40", "53", "55P03", "57"],
        when: When::Always,
    },
    // Several statements where one is expected.
    Place { files: &["postgres.c"], codes: &["42601"], when: When::Always },
    // Changes where none are allowed, snapshots that are gone.
    Place {
        files: &["utility.c", "xact.c", "snapmgr.c", "procarray.c"],
        codes: &["25", "55000"],
        when: When::Always,
    },
    // No room, with the server's own files; damage, with names of relations and numbers of blocks.
    // fd.c says the name of a folder that `pg_ls_dir(text)` was asked for, but with class 58.
    Place {
        files: &[
            "md.c",
            "fd.c",
            "buffile.c",
            "logtape.c",
            "slru.c",
            "mcxt.c",
            "aset.c",
            "dsa.c",
            "shmem.c",
            "dynahash.c",
        ],
        codes: &["53"],
        when: When::Always,
    },
    Place {
        files: &[
            "md.c",
            "bufmgr.c",
            "heaptoast.c",
            "detoast.c",
            "toast_internals.c",
            "nbtpage.c",
            "nbtsearch.c",
            "nbtinsert.c",
        ],
        codes: &["58", "XX001", "XX002"],
        when: When::Always,
    },
    // More than fits: sizes, and the names of indexes.
    Place {
        files: &[
            "hio.c",
            "nbtutils.c",
            "ginentrypage.c",
            "spgdoinsert.c",
            "hashinsert.c",
            "gist.c",
            "brin_pageops.c",
            "indextuple.c",
            "heaptuple.c",
            "md.c",
            "mcxt.c",
            "postgres.c",
            "stack_depth.c",
        ],
        codes: &["54"],
        when: When::Always,
    },
    // Reading a statement, before a row is read: names and words of the statement, which this program
    // makes of the catalog.
    Place {
        files: &[
            "scan.l",
            "gram.y",
            "parser.c",
            "analyze.c",
            "parse_agg.c",
            "parse_clause.c",
            "parse_coerce.c",
            "parse_collate.c",
            "parse_cte.c",
            "parse_expr.c",
            "parse_func.c",
            "parse_merge.c",
            "parse_node.c",
            "parse_oper.c",
            "parse_param.c",
            "parse_relation.c",
            "parse_target.c",
            "parse_type.c",
            "parse_utilcmd.c",
        ],
        codes: &["0A000", "42", "54"],
        when: When::InOurStatement,
    },
    // Definitions that the server does not take. Codes of what is not there (42704, 42P01) are not
    // among them: pg_get_object_address(text) gives them for any text.
    Place {
        files: &[
            "tablecmds.c",
            "indexcmds.c",
            "typecmds.c",
            "functioncmds.c",
            "schemacmds.c",
            "trigger.c",
            "event_trigger.c",
            "view.c",
            "matview.c",
            "policy.c",
            "statscmds.c",
            "opclasscmds.c",
            "operatorcmds.c",
            "collationcmds.c",
            "heap.c",
            "index.c",
            "dependency.c",
            "pg_aggregate.c",
            "pg_collation.c",
            "pg_constraint.c",
            "pg_enum.c",
            "pg_operator.c",
            "pg_proc.c",
            "pg_type.c",
            "rewriteDefine.c",
        ],
        codes: &[
            "0A000", "2BP01", "42611", "42701", "42710", "42723", "42804", "42809", "42830",
            "42P06", "42P07", "42P10", "42P13", "42P16", "42P17", "42P21", "42P22", "55000",
            "55006",
        ],
        when: When::OutsideFunctions,
    },
    // Types of a function's parameters, operator classes of an index.
    Place {
        files: &["functioncmds.c", "indexcmds.c"],
        codes: &["42704", "42883"],
        when: When::OutsideFunctions,
    },
];

/// Where the fields for table, column and constraint are set from the catalog: by `errtable`,
/// `errtablecol`, `errtableconstraint`, `errdatatype` and `errdomainconstraint`. Elsewhere only the
/// languages set them (pl_exec.c, plpy_plpymodule.c), from what the function says.
const NAMES_FROM_THE_CATALOG: &[&str] = &[
    "execMain.c",
    "execExpr.c",
    "execExprInterp.c",
    "execIndexing.c",
    "execPartition.c",
    "execUtils.c",
    "domains.c",
    "ri_triggers.c",
    "nbtinsert.c",
    "nbtsort.c",
    "tuplesort.c",
    "tuplesortvariants.c",
    "tablecmds.c",
    "typecmds.c",
    "copyfrom.c",
    "partbounds.c",
];

impl ServerMessage<'_> {
    /// What may be told of it.
    pub(super) fn told(&self) -> Told {
        if self.may_be_told() {
            return Told::openly(self.text.to_owned());
        }
        Told::instead_of(self.kept(), self.place_and_condition())
    }

    fn place_and_condition(&self) -> String {
        let mut text = condition::words(self.code).to_owned();
        if let Some(function) = self.context.and_then(running_function) {
            text.push_str(&format!(" ({function})"));
        }
        if self.is_from(NAMES_FROM_THE_CATALOG) {
            if let Some(table) = self.table {
                let schema = self.schema.map_or_else(String::new, |schema| format!("{schema}."));
                text.push_str(&format!(", table {schema}{table}"));
            }
            if let Some(constraint) = self.constraint {
                text.push_str(&format!(", constraint {constraint}"));
            }
        }
        if let Some(column) = self.column() {
            text.push_str(&format!(", column {column}"));
        }
        text.push_str(
            "; the server's own words may quote values and are not shown (its log has them)",
        );
        text
    }

    fn may_be_told(&self) -> bool {
        PLACES.iter().any(|place| {
            let in_function = self.context.is_some() || self.internal_query.is_some();
            let now = match place.when {
                When::Always => true,
                When::OutsideFunctions => !in_function,
                When::InOurStatement => !in_function && self.has_position,
            };
            now && self.is_from(place.files)
                && place.codes.iter().any(|code| self.code.starts_with(code))
        })
    }

    /// Whether it was made in one of these files of the server's source.
    fn is_from(&self, files: &[&str]) -> bool {
        let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        self.file.is_some_and(|path| files.contains(&name(path).as_str()))
    }

    fn column(&self) -> Option<&str> {
        let copied = || self.context.and_then(copied_column);
        self.column.filter(|_| self.is_from(NAMES_FROM_THE_CATALOG)).or_else(copied)
    }

    fn kept(&self) -> Message {
        let place = [self.routine, self.file].into_iter().flatten().collect::<Vec<_>>().join(", ");
        Message {
            from: "PostgreSQL".to_owned(),
            code: self.code.to_owned(),
            text: self.text.to_owned(),
            detail: self.detail.map(str::to_owned),
            hint: self.hint.map(str::to_owned),
            context: self.context.map(str::to_owned),
            place: (!place.is_empty()).then_some(place),
        }
    }
}

/// The PL/pgSQL function that was running, with the line and the sort of statement, from the first
/// line of the context: `PL/pgSQL function public.f(text) line 3 at RAISE`. Only the first line is
/// sure to be the language's: others hold statements, which may hold anything.
fn running_function(context: &str) -> Option<&str> {
    let line = context.lines().next()?;
    let (function, at) = line.strip_prefix("PL/pgSQL ")?.rsplit_once(" line ")?;
    let (number, statement) = at.split_once(" at ")?;
    let is_plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '/' | '-');
    (function.starts_with("function ")
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && statement.chars().all(is_plain))
    .then_some(line)
}

/// The column in which `COPY … FROM` met a value that it refuses, from the error's context:
/// `COPY t, line 3, column c: "…"`. What follows the name is the value, and stays out; and so does
/// everything where the context quotes the whole line of data, which may hold anything.
fn copied_column(context: &str) -> Option<&str> {
    let (_copy, rest) = context.strip_prefix("COPY ")?.split_once(", line ")?;
    let (line, rest) = rest.split_once(", column ")?;
    if !line.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let name = rest.split_once(": \"").or_else(|| rest.split_once(": null input"));
    Some(name.map_or_else(|| rest.lines().next().unwrap_or_default(), |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: &str = "Nguyễn Văn Bệnh";

    /// A refusal that a function raises in the words of the server, with everything that it can
    /// choose.
    fn raised(code: &'static str) -> ServerMessage<'static> {
        ServerMessage {
            code,
            text: PERSON,
            detail: Some(PERSON),
            hint: Some(PERSON),
            context: Some("PL/pgSQL function public.f(text) line 3 at RAISE"),
            schema: Some(PERSON),
            table: Some(PERSON),
            column: Some(PERSON),
            constraint: Some(PERSON),
            file: Some("pl_exec.c"),
            routine: Some("exec_stmt_raise"),
            ..ServerMessage::default()
        }
    }

    #[test]
    fn nothing_that_a_function_raises_is_told() {
        for code in
            ["P0001", "42P01", "42501", "28000", "53100", "57014", "23514", "XX001", "zzzzz"]
        {
            let told = raised(code).told().to_string();
            assert!(!told.contains("Nguyễn"), "{told}");
            assert!(told.contains("(PL/pgSQL function public.f(text) line 3 at RAISE)"), "{told}");
            // The same of a server that gives no context.
            let told = ServerMessage { context: None, ..raised(code) }.told().to_string();
            assert!(!told.contains("Nguyễn"), "{told}");
        }
    }

    #[test]
    fn a_value_that_becomes_a_name_is_not_told() {
        let text = "relation \"Nguyễn Văn Bệnh\" does not exist";
        let parsed = ServerMessage {
            code: "42P01",
            text,
            has_position: true,
            file: Some("parse_relation.c"),
            routine: Some("parserOpenTable"),
            ..ServerMessage::default()
        };
        assert_eq!(parsed.told().to_string(), text, "a name of the statement itself");
        for of_a_value in [
            // Dynamic SQL of a function.
            ServerMessage { context: Some("PL/pgSQL function f() line 1 at EXECUTE"), ..parsed },
            ServerMessage { internal_query: Some("select"), ..parsed },
            // Casts to regtype and regclass, which give neither context nor position.
            ServerMessage { has_position: false, ..parsed },
            ServerMessage { file: Some("namespace.c"), ..parsed },
            ServerMessage { file: None, ..parsed },
        ] {
            let told = of_a_value.told().to_string();
            assert!(!told.contains("Nguyễn"), "{of_a_value:?}: {told}");
            assert!(told.starts_with("a table or view is not there"), "{told}");
        }
    }

    #[test]
    fn names_come_from_the_catalog_only() {
        let of_a_check = ServerMessage {
            code: "23514",
            text: "new row for relation \"t\" violates check constraint \"c\"",
            schema: Some("s"),
            table: Some("t"),
            constraint: Some("c"),
            file: Some("execMain.c"),
            ..ServerMessage::default()
        };
        let told = of_a_check.told().to_string();
        assert!(told.starts_with("a row violates a check, table s.t, constraint c;"), "{told}");
    }

    #[test]
    fn the_function_and_nothing_else_of_a_context() {
        for (context, function) in [
            (
                "PL/pgSQL function f(text,integer) line 12 at RAISE\nCOPY t, line 1",
                Some("PL/pgSQL function f(text,integer) line 12 at RAISE"),
            ),
            (
                "PL/pgSQL function f() line 1 at SQL statement",
                Some("PL/pgSQL function f() line 1 at SQL statement"),
            ),
            ("SQL statement \"x\nPL/pgSQL function Bệnh() line 1 at RAISE\"", None),
            ("PL/pgSQL function f() line 1 at \"Bệnh\"", None),
            ("PL/pgSQL assignment \"x := 'Bệnh line 1 at RAISE'\"", None),
            ("COPY t, line 1, column c: \"Bệnh\"", None),
        ] {
            assert_eq!(running_function(context), function, "{context}");
        }
    }

    #[test]
    fn the_column_of_a_refused_value_without_the_value() {
        for (context, column) in [
            ("COPY people, line 3, column born: \"1899-02-30\"", Some("born")),
            ("COPY people, line 3, column a: b: \"x\"", Some("a: b")),
            ("COPY people, line 3, column born: null input", Some("born")),
            ("COPY people, line 3, column born", Some("born")),
            ("COPY people, line 3: \"x\\ty\"", None),
            ("COPY people, line 3: \"x, column Bệnh\"", None),
            ("SQL function \"f\" statement 1", None),
        ] {
            assert_eq!(copied_column(context), column, "{context}");
        }
    }
}
