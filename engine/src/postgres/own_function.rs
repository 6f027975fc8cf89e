//! The function through which structure is made with the rights of a role of its own, and what errors look like that
//! come through it: as if the statement had been sent by itself.

use super::server_message::ServerMessage;
use crate::sql::escape_literal;

/// Its name. `handover-migrate` makes it in each transaction that calls it, and it goes with the session.
pub const MAKING_FUNCTION: &str = "pg_temp.handover_make";

/// A call of it.
pub fn making_call(sql: &str) -> String {
    format!("SELECT {MAKING_FUNCTION}({}::pg_catalog.text);", escape_literal(sql))
}

/// Takes the function out of a message, if nothing else ran between it and what the server says. `sent` is what was sent.
///
/// What a function of the vendor's says has that function in its context, before ours: then the context is not, to the
/// last letter, what the server writes of ours alone (`_SPI_error_callback` in `spi.c`, `plpgsql_exec_error_callback` in
/// `pl_exec.c`).
pub(super) fn without_ours<'m>(message: ServerMessage<'m>, sent: &str) -> ServerMessage<'m> {
    let was_sent = |sql: &str| sent.contains(&making_call(sql));
    let Some(inner) = message.context.and_then(within_ours) else { return message };
    match (inner, message.internal_query) {
        // A place in the statement stands for the statement itself.
        ("", Some(sql)) if was_sent(sql) => {
            ServerMessage { context: None, internal_query: None, has_position: true, ..message }
        }
        (inner, None) if quoted(inner).is_some_and(was_sent) => {
            ServerMessage { context: None, ..message }
        }
        _ => message,
    }
}

/// What stands before our function in a context.
fn within_ours(context: &str) -> Option<&str> {
    let before = context.strip_suffix(".handover_make(text) line 1 at EXECUTE")?;
    let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
    before.strip_suffix("PL/pgSQL function pg_temp_")
}

fn quoted(line: &str) -> Option<&str> {
    line.strip_prefix("SQL statement \"")?.strip_suffix("\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "PL/pgSQL function pg_temp_12.handover_make(text) line 1 at EXECUTE";

    fn context_of(context: &str, internal_query: Option<&str>) -> (Option<String>, bool) {
        let message = ServerMessage {
            code: "42501",
            text: "",
            detail: None,
            hint: None,
            context: Some(context),
            has_position: false,
            internal_query,
            schema: None,
            table: None,
            column: None,
            constraint: None,
            file: None,
            routine: None,
        };
        let sent = format!("BEGIN; {} COMMIT", making_call("create 'x'"));
        let told = without_ours(message, &sent);
        (told.context.map(str::to_owned), told.has_position)
    }

    #[test]
    fn our_function_alone_is_nothing() {
        let direct = format!("SQL statement \"create 'x'\"\n{OURS}");
        assert_eq!(context_of(&direct, None), (None, false));
        assert_eq!(context_of(OURS, Some("create 'x'")), (None, true));
    }

    #[test]
    fn what_ran_within_it_stays() {
        for (context, internal_query) in [
            (
                format!(
                    "PL/pgSQL function f() line 1 at RAISE\nSQL statement \"create 'x'\"\n{OURS}"
                ),
                None,
            ),
            (format!("SQL statement \"create 'y'\"\n{OURS}"), None),
            (format!("SQL statement \"create 'x'\"\nSQL statement \"create 'x'\"\n{OURS}"), None),
            (OURS.to_owned(), Some("create 'y'")),
            (OURS.to_owned(), None),
            ("PL/pgSQL function public.f() line 1 at EXECUTE".to_owned(), None),
        ] {
            assert_eq!(context_of(&context, internal_query).0, Some(context.clone()), "{context}");
        }
    }
}
