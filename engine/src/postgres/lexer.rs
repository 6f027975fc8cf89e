//! Where comments, quoted texts and statements of PostgreSQL's SQL begin and end: as much of its
//! lexer (`src/backend/parser/scan.l`) as it takes not to look into a quoted text. Strings are read
//! as `standard_conforming_strings` has them.

/// What a piece of SQL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `-- …`, without the line's end.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// `'…'`, `E'…'`, `$tag$…$tag$`
    Text,
    /// `"…"`
    QuotedName,
    /// Letters, digits, `_` and `$`.
    Word,
    /// `;`
    Semicolon,
    /// A backslash outside quotes, with the rest of its line. `psql` would obey it, a server refuses it.
    ClientCommand,
    /// One character of white space.
    Space,
    /// Any other character.
    Other,
    /// A quoted text or comment that has no end.
    Unfinished,
}

/// A piece of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The piece itself.
    pub text: &'a str,
    /// Whether it begins a line.
    pub begins_line: bool,
}

impl Token<'_> {
    /// The name that a word or a quoted name stands for; none of anything else.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.text.to_lowercase()),
            Kind::QuotedName => {
                let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
                Some(inner.replace("\"\"", "\""))
            }
            _ => None,
        }
    }
}

/// Whether the SQL is a piece of one statement, wherever it is put between parentheses: quoted texts and parentheses
/// end within it, no statement does, and nothing of what follows becomes a comment.
pub fn is_one_piece(sql: &str) -> bool {
    let mut depth = 0_usize;
    for token in Lexer::new(sql) {
        match token.kind {
            Kind::LineComment | Kind::ClientCommand | Kind::Unfinished | Kind::Semicolon => {
                return false;
            }
            Kind::Other if token.text == "(" => depth += 1,
            Kind::Other if token.text == ")" && depth == 0 => return false,
            Kind::Other if token.text == ")" => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// Takes SQL apart; all tokens together are the SQL.
pub struct Lexer<'a> {
    rest: &'a str,
    at_line_start: bool,
}

impl<'a> Lexer<'a> {
    /// At the beginning of some SQL.
    pub fn new(sql: &'a str) -> Self {
        Self { rest: sql, at_line_start: true }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let first = self.rest.chars().next()?;
        let begins_line = self.at_line_start;
        let (kind, length) = measure(self.rest, first);
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.at_line_start = text.ends_with('\n');
        Some(Token { kind, text, begins_line })
    }
}

/// Kind and length of the first token.
fn measure(sql: &str, first: char) -> (Kind, usize) {
    let line = || sql.find('\n').unwrap_or(sql.len());
    let ended = |kind, end: Option<usize>| match end {
        Some(end) => (kind, end),
        None => (Kind::Unfinished, sql.len()),
    };
    match first {
        '-' if sql.starts_with("--") => (Kind::LineComment, line()),
        '/' if sql.starts_with("/*") => ended(Kind::BlockComment, end_of_block_comment(sql)),
        '\\' => (Kind::ClientCommand, line()),
        '\'' => ended(Kind::Text, end_of_quoted(sql, '\'', false)),
        '"' => ended(Kind::QuotedName, end_of_quoted(sql, '"', false)),
        'e' | 'E' if sql.get(1..).is_some_and(|rest| rest.starts_with('\'')) => {
            let end = sql.get(1..).and_then(|rest| end_of_quoted(rest, '\'', true));
            ended(Kind::Text, end.map(|end| end + 1))
        }
        '$' => match dollar_tag(sql) {
            Some(tag) => ended(Kind::Text, end_of_dollar_quoted(sql, tag)),
            None => (Kind::Other, 1),
        },
        ';' => (Kind::Semicolon, 1),
        _ if is_word(first) => {
            (Kind::Word, sql.find(|c| !is_word(c) && c != '$').unwrap_or(sql.len()))
        }
        _ if first.is_ascii_whitespace() => (Kind::Space, 1),
        _ => (Kind::Other, first.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Length of a text or name in quotes; a doubled quote does not end it.
fn end_of_quoted(sql: &str, quote: char, backslash_escapes: bool) -> Option<usize> {
    let mut characters = sql.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && backslash_escapes {
            characters.next();
        } else if c == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// Length of a comment, in which others may be nested.
fn end_of_block_comment(sql: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut characters = sql.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '/' && characters.next_if(|(_, next)| *next == '*').is_some() {
            depth += 1;
        } else if c == '*' && characters.next_if(|(_, next)| *next == '/').is_some() {
            depth -= 1;
            if depth == 0 {
                return Some(at + 2);
            }
        }
    }
    None
}

/// `$$` or `$tag$`, if the SQL begins with it.
fn dollar_tag(sql: &str) -> Option<&str> {
    let name = sql.get(1..)?.split('$').next()?;
    let is_name = name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit());
    let tag = sql.get(..name.len() + 2)?;
    (is_name && tag.ends_with('$')).then_some(tag)
}

fn end_of_dollar_quoted(sql: &str, tag: &str) -> Option<usize> {
    let inside = sql.get(tag.len()..)?;
    Some(tag.len() + inside.find(tag)? + tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<(Kind, &str)> {
        let tokens: Vec<Token<'_>> = Lexer::new(sql).collect();
        assert_eq!(tokens.iter().map(|token| token.text).collect::<String>(), sql);
        let shown = tokens.into_iter().filter(|token| token.kind != Kind::Space);
        shown.map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn quoted_texts_are_whole() {
        for text in [
            "'a''b;-- c'",
            "'\\'",
            "E'a\\'b\n--'",
            "$$ ; ' \" $a$ $$",
            "$đ_1$ $$ ; $đ_1$",
            "''",
            "'a\n\\! touch x\n'",
        ] {
            assert_eq!(kinds(&format!("{text};")), [(Kind::Text, text), (Kind::Semicolon, ";")]);
        }
        assert_eq!(kinds("\"a\"\"b\n--;\""), [(Kind::QuotedName, "\"a\"\"b\n--;\"")]);
        assert_eq!(kinds("a$b$ 1$"), [(Kind::Word, "a$b$"), (Kind::Word, "1$")]);
        assert_eq!(
            kinds("/* a /* ' */ -- */ x"),
            [(Kind::BlockComment, "/* a /* ' */ -- */"), (Kind::Word, "x")]
        );
        assert_eq!(
            kinds("a -- b'\n\\! c"),
            [(Kind::Word, "a"), (Kind::LineComment, "-- b'"), (Kind::ClientCommand, "\\! c")]
        );
        assert_eq!(kinds("a \\! b;"), [(Kind::Word, "a"), (Kind::ClientCommand, "\\! b;")]);
        assert_eq!(kinds("$1"), [(Kind::Other, "$"), (Kind::Word, "1")]);
        for text in ["'a", "\"a", "/* /* */", "$a$ $$", "E'\\'"] {
            assert_eq!(kinds(text), [(Kind::Unfinished, text)], "{text}");
        }
    }

    #[test]
    fn a_piece_ends_nothing_that_is_around_it() {
        for sql in
            ["WHERE a > 1", "WHERE f(a, ')') AND (b = ';' OR \"--\" = $$\\!$$)", "", "/* ; */"]
        {
            assert!(is_one_piece(sql), "{sql}");
        }
        for sql in
            ["WHERE a) x; DROP", "WHERE a; b", "WHERE a -- ", "WHERE 'a", "WHERE (a", "\\! x", ")("]
        {
            assert!(!is_one_piece(sql), "{sql}");
        }
    }
}
