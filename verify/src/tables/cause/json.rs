//! JSON that means the same and is written differently.

use std::fmt::Write as _;

use super::Cause;

/// Deeper JSON is not looked into.
const DEPTH_MAX: usize = 100;

/// The cause, if both texts are the same JSON object or array.
pub(super) fn cause(source: &str, target: &str) -> Option<Cause> {
    let begins = |text: &str| text.trim_start().starts_with(['{', '[']);
    if !begins(source) || !begins(target) {
        return None;
    }
    let (source, target) = (Reader::read(source)?, Reader::read(target)?);
    if source.plain == target.plain {
        Some(Cause::JsonSpacing)
    } else if source.sorted == target.sorted {
        Some(Cause::JsonKeyOrder)
    } else {
        None
    }
}

/// A JSON text in two forms without white space; numbers and strings stay as they are written.
struct Forms {
    /// Keys as they come.
    plain: String,
    /// Keys sorted; those that occur twice stay in order.
    sorted: String,
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

impl<'a> Reader<'a> {
    fn read(text: &'a str) -> Option<Forms> {
        let mut reader = Self { rest: text.chars().peekable() };
        let forms = reader.value(0)?;
        reader.skip_blanks();
        reader.rest.next().is_none().then_some(forms)
    }

    fn skip_blanks(&mut self) {
        while self.rest.next_if(|c| matches!(c, ' ' | '\t' | '\r' | '\n')).is_some() {}
    }

    /// Whether the next character that is no blank is this one; it is then taken.
    fn takes(&mut self, expected: char) -> bool {
        self.skip_blanks();
        self.rest.next_if_eq(&expected).is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Forms> {
        if depth > DEPTH_MAX {
            return None;
        }
        if self.takes('{') {
            self.object(depth)
        } else if self.takes('[') {
            self.array(depth)
        } else {
            let scalar = self.scalar()?;
            Some(Forms { plain: scalar.clone(), sorted: scalar })
        }
    }

    fn scalar(&mut self) -> Option<String> {
        self.skip_blanks();
        let mut scalar = String::new();
        if self.rest.next_if_eq(&'"').is_some() {
            scalar.push('"');
            loop {
                let c = self.rest.next()?;
                scalar.push(c);
                match c {
                    '"' => return Some(scalar),
                    '\\' => scalar.push(self.rest.next()?),
                    _ => {}
                }
            }
        }
        while let Some(c) =
            self.rest.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'))
        {
            scalar.push(c);
        }
        (!scalar.is_empty()).then_some(scalar)
    }

    fn array(&mut self, depth: usize) -> Option<Forms> {
        let mut forms = Forms { plain: "[".to_owned(), sorted: "[".to_owned() };
        if !self.takes(']') {
            loop {
                let element = self.value(depth + 1)?;
                forms.plain += &element.plain;
                forms.sorted += &element.sorted;
                if self.takes(']') {
                    break;
                }
                if !self.takes(',') {
                    return None;
                }
                forms.plain.push(',');
                forms.sorted.push(',');
            }
        }
        forms.plain.push(']');
        forms.sorted.push(']');
        Some(forms)
    }

    fn object(&mut self, depth: usize) -> Option<Forms> {
        let mut plain = "{".to_owned();
        let mut members = Vec::new();
        if !self.takes('}') {
            loop {
                let key = self.scalar().filter(|key| key.starts_with('"'))?;
                if !self.takes(':') {
                    return None;
                }
                let value = self.value(depth + 1)?;
                write!(plain, "{key}:{},", value.plain).ok()?;
                members.push((key, value.sorted));
                if self.takes('}') {
                    break;
                }
                if !self.takes(',') {
                    return None;
                }
            }
        }
        plain.push('}');
        members.sort_by(|a, b| a.0.cmp(&b.0));
        let mut sorted = "{".to_owned();
        for (key, value) in members {
            write!(sorted, "{key}:{value},").ok()?;
        }
        sorted.push('}');
        Some(Forms { plain, sorted })
    }
}
