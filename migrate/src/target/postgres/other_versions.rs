//! What `pg_dump` writes in words that a server of another version does not know, in words that it
//! does.

use handover_engine::postgres::lexer::{Kind, Lexer, Token};

/// A statement without options of columns that are a server's own bookkeeping: `pg_attver`, which
/// 15.20, 17.12 and their contemporaries keep for every column. Their own `pg_dump` leaves it out,
/// an earlier one writes it, and servers that are older refuse it. None if nothing is left.
pub(super) fn without_bookkeeping(statement: String) -> Option<String> {
    let parts = statement.strip_suffix(");").and_then(|rest| rest.rsplit_once(" SET ("));
    let Some((head, options)) = parts.filter(|(head, _)| head.starts_with("ALTER ")) else {
        return Some(statement);
    };
    let kept: Vec<&str> = options.split(", ").filter(|option| !is_bookkeeping(option)).collect();
    (!kept.is_empty()).then(|| format!("{head} SET ({});", kept.join(", ")))
}

fn is_bookkeeping(option: &str) -> bool {
    let number = option.strip_prefix("pg_attver=");
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The statements of a table whose `CREATE TABLE` has `NOT NULL column` among its constraints, for
/// servers before 18, which know that of columns only: `pg_dump` 18 writes it for an inherited
/// column. The constraint's name, if it has one, is lost. None if there is no such constraint.
pub fn without_not_null_constraints(sql: &str) -> Option<String> {
    let tokens: Vec<Token<'_>> = Lexer::new(sql).collect();
    let open = tokens.iter().position(|token| token.text == "(")?;
    let (head, rest) = tokens.split_at_checked(open)?;
    let table = head.split(|token| token.text == "TABLE").nth(1).map(text)?;
    if head.first()?.text != "CREATE" {
        return None;
    }
    let mut depth = 0_usize;
    let mut close = None;
    let mut items = vec![Vec::new()];
    for (at, token) in rest.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            close = Some(at);
            break;
        }
        if depth == 1 && token.text == "," {
            items.push(Vec::new());
        } else if at > 0 {
            items.last_mut()?.push(*token);
        }
    }
    let tail = rest.get(close?.checked_add(1)?..).map(text)?;
    let kept: Vec<String> =
        items.iter().filter(|item| not_null(item).is_none()).map(|item| text(item)).collect();
    let columns: Vec<&str> = items.iter().filter_map(|item| not_null(item)).collect();
    if columns.is_empty() {
        return None;
    }
    let mut older = format!("{}({}){tail}", text(head), kept.join(","));
    for column in columns {
        older.push_str(&format!(
            "\nALTER TABLE ONLY {} ALTER COLUMN {column} SET NOT NULL;",
            table.trim()
        ));
    }
    Some(older)
}

/// The column of `NOT NULL column` or `CONSTRAINT name NOT NULL column`, as a name in SQL.
fn not_null<'a>(item: &[Token<'a>]) -> Option<&'a str> {
    let words: Vec<&str> =
        item.iter().filter(|token| token.kind != Kind::Space).map(|token| token.text).collect();
    match words.as_slice() {
        ["NOT", "NULL", column] | ["CONSTRAINT", _, "NOT", "NULL", column] => Some(column),
        _ => None,
    }
}

fn text(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|token| token.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bookkeeping_goes() {
        let gone = "ALTER TABLE ONLY public.t ALTER COLUMN id SET (pg_attver=73801040);";
        assert_eq!(without_bookkeeping(gone.to_owned()), None);
        let cut = "ALTER TABLE ONLY t ALTER COLUMN a SET (pg_attver=1, n_distinct=5);";
        let left = "ALTER TABLE ONLY t ALTER COLUMN a SET (n_distinct=5);";
        assert_eq!(without_bookkeeping(cut.to_owned()).as_deref(), Some(left));
        for kept in [
            left,
            "ALTER TABLE ONLY t ALTER COLUMN a SET (pg_attver=x);",
            "ALTER TABLE ONLY t ALTER COLUMN a SET DEFAULT f('x SET (pg_attver=1');",
            "COMMENT ON TABLE t IS 'ALTER x SET (pg_attver=1);';",
        ] {
            assert_eq!(without_bookkeeping(kept.to_owned()).as_deref(), Some(kept));
        }
    }

    #[test]
    fn not_null_of_inherited_columns_becomes_the_columns() {
        let newer = "CREATE TABLE a.\"b (\" (\n    NOT NULL id,\n    since date DEFAULT f('NOT, NULL'),\n    \
                     CONSTRAINT \"x,\" NOT NULL \"a b\"\n)\nINHERITS (a.p);\nALTER TABLE a.\"b (\" x;";
        let older = "CREATE TABLE a.\"b (\" (\n    since date DEFAULT f('NOT, NULL'))\nINHERITS (a.p);\n\
                     ALTER TABLE a.\"b (\" x;\nALTER TABLE ONLY a.\"b (\" ALTER COLUMN id SET NOT NULL;\n\
                     ALTER TABLE ONLY a.\"b (\" ALTER COLUMN \"a b\" SET NOT NULL;";
        assert_eq!(without_not_null_constraints(newer).as_deref(), Some(older));
    }

    #[test]
    fn other_tables_stay_as_they_are() {
        for sql in [
            "CREATE TABLE t (\n    id int NOT NULL,\n    b text CONSTRAINT x NOT NULL\n);",
            "CREATE TABLE t (\n);",
            "CREATE TABLE t (\n    CONSTRAINT c CHECK ((NOT NULL::boolean))\n);",
            "CREATE VIEW v AS SELECT (1);",
            "CREATE TABLE t (\n    CONSTRAINT x NOT NULL id NO INHERIT\n);",
            "COMMENT ON TABLE t IS '(';",
        ] {
            assert_eq!(without_not_null_constraints(sql), None, "{sql}");
        }
    }
}
