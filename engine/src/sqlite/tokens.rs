//! SQL as SQLite takes it apart, as far as it has to be understood: words, quoted names, texts and
//! single characters, without white space and comments (`tokenize.c` of SQLite).

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'s> {
    /// What it is.
    pub kind: TokenKind,
    /// As it is written, quotes included.
    pub text: &'s str,
    /// Where it begins in the statement, in bytes.
    pub at: usize,
}

/// What a piece of a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A key word or a name without quotes.
    Word,
    /// A name in `"…"`, `` `…` `` or `[…]`.
    QuotedName,
    /// `'…'`.
    Text,
    /// `x'…'`.
    Blob,
    /// A number without a sign.
    Number,
    /// Any other character.
    Symbol,
}

impl Token<'_> {
    /// Whether it is this key word.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this character.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// Where it ends in the statement, in bytes.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// The name or text that it stands for, without quotes.
    pub fn unquoted(&self) -> String {
        let quote = match self.kind {
            TokenKind::QuotedName | TokenKind::Text => self.text.chars().next(),
            _ => None,
        };
        let Some(quote) = quote else { return self.text.to_owned() };
        let mut inner = self.text.chars();
        inner.next();
        inner.next_back();
        match quote {
            '[' => inner.as_str().to_owned(),
            quote => inner.as_str().replace(&format!("{quote}{quote}"), &quote.to_string()),
        }
    }
}

/// Takes a statement apart. What is never closed goes to the statement's end.
pub fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = first(rest);
        if let (Some(kind), Some(text)) = (kind, rest.get(..length)) {
            found.push(Token { kind, text, at });
        }
        at += length;
    }
    found
}

/// Kind and length of what a text begins with; no kind for white space and comments.
fn first(text: &str) -> (Option<TokenKind>, usize) {
    let mut characters = text.chars();
    let (c, next) = (characters.next().unwrap_or_default(), characters.next());
    match (c, next) {
        (c, _) if c.is_ascii_whitespace() => (None, c.len_utf8()),
        ('-', Some('-')) => (None, text.find('\n').unwrap_or(text.len())),
        ('/', Some('*')) => {
            let end = text.get(2..).and_then(|inner| inner.find("*/"));
            (None, end.map_or(text.len(), |end| end + 4))
        }
        ('\'', _) => (Some(TokenKind::Text), quoted(text, '\'', 0)),
        ('"' | '`', _) => (Some(TokenKind::QuotedName), quoted(text, c, 0)),
        ('[', _) => (Some(TokenKind::QuotedName), text.find(']').map_or(text.len(), |end| end + 1)),
        ('x' | 'X', Some('\'')) => (Some(TokenKind::Blob), quoted(text, '\'', 1)),
        ('.', Some(digit)) if digit.is_ascii_digit() => (Some(TokenKind::Number), number(text)),
        (c, _) if c.is_ascii_digit() => (Some(TokenKind::Number), number(text)),
        (c, _) if is_of_name(c) => {
            (Some(TokenKind::Word), text.find(|c| !is_of_name(c)).unwrap_or(text.len()))
        }
        (c, _) => (Some(TokenKind::Symbol), c.len_utf8()),
    }
}

/// Characters of names without quotes: SQLite takes everything beyond ASCII for a letter.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// Length of a quoted text that begins at `start`; a quote within it is written twice.
fn quoted(text: &str, quote: char, start: usize) -> usize {
    let mut characters = text.char_indices().skip(start + 1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

fn number(text: &str) -> usize {
    let mut before = None;
    let end = text.find(|c: char| {
        let signed_exponent = matches!(c, '+' | '-') && matches!(before, Some('e' | 'E'));
        before = Some(c);
        !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || signed_exponent)
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::TokenKind::{Blob, Number, QuotedName, Symbol, Text, Word};
    use super::*;

    #[test]
    fn pieces_of_a_statement() {
        let sql = "a--'\n /*\"*/ \"b\"\"c\" [d e] `f` 'g''h' x'00' 1.5e-3 .5 0x10 tên,($1)";
        let found: Vec<(TokenKind, &str)> =
            tokens(sql).iter().map(|token| (token.kind, token.text)).collect();
        assert_eq!(
            found,
            [
                (Word, "a"),
                (QuotedName, "\"b\"\"c\""),
                (QuotedName, "[d e]"),
                (QuotedName, "`f`"),
                (Text, "'g''h'"),
                (Blob, "x'00'"),
                (Number, "1.5e-3"),
                (Number, ".5"),
                (Number, "0x10"),
                (Word, "tên"),
                (Symbol, ","),
                (Symbol, "("),
                (Word, "$1"),
                (Symbol, ")"),
            ]
        );
        let unquoted: Vec<String> = tokens(sql).iter().map(Token::unquoted).take(5).collect();
        assert_eq!(unquoted, ["a", "b\"c", "d e", "f", "g'h"]);
        for token in tokens(sql) {
            assert_eq!(sql.get(token.at..token.end()), Some(token.text));
        }
        for open in ["'a", "\"a", "[a", "/* a", "x'0", "-- a", "'"] {
            assert!(tokens(open).len() < 2, "{open}");
        }
    }
}
